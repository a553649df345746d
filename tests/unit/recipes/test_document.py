"""YAML with places, within bounds."""

import pytest

from gristmill.recipes.document import Listing, Node, Scalar, Table, plain, read_documents
from gristmill.recipes.findings import Findings


def read(source: str) -> Node:
    findings = Findings()
    [root] = read_documents(source, findings)
    assert not findings.found
    return root


def refusal(source: str) -> tuple[str, int, int]:
    findings = Findings()
    read_documents(source, findings)
    first = findings.in_order()[0]
    return first.code, first.line, first.column


def test_every_value_knows_its_line_and_column() -> None:
    root = read("a: 1\nb:\n  - x\n  - {c: y}\n")
    assert isinstance(root, Table)
    listing = root.entries[1].node
    assert isinstance(listing, Listing)
    inner = listing.items[1]
    assert isinstance(inner, Table)
    assert (listing.items[0].spot.line, listing.items[0].spot.column) == (3, 5)
    assert (inner.entries[0].node.spot.line, inner.entries[0].node.spot.column) == (4, 9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", "0x10"),
        ("'12'", "12"),
        ("1e999", "1e999"),
    ],
)
def test_plain_words_are_read_as_a_person_reads_them(text: str, value: object) -> None:
    assert plain(read(f"a: {text}")) == {"a": value}


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("", ("invalid_yaml", 1, 1)),
        ("a: [1", ("invalid_yaml", 2, 1)),
        ("a: 1\nb: \0", ("invalid_yaml", 2, 4)),
        ("a: 1\nb: \ud800", ("invalid_yaml", 2, 4)),
        ("a: !!python/object:os.system x", ("invalid_yaml", 1, 4)),
        ("a: *b", ("invalid_yaml", 1, 4)),
        ("- &a [*a]", ("invalid_yaml", 1, 7)),
        ("{[1]: 2}", ("invalid_yaml", 1, 2)),
        ("a: 1\na: 2", ("duplicate_key", 2, 1)),
        ("[" * 10_000, ("too_large", 1, 66)),
        ("a: " + "x" * 262_144, ("too_large", 1, 1)),
        ("a: &a [x]\nb: [" + "*a, " * 101 + "*a]", ("too_large", 2, 405)),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(source: str, refused: tuple[str, int, int]) -> None:
    assert refusal(source) == refused


def test_aliases_that_explode_are_refused_before_they_are_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines))[0] == "too_large"


def test_a_word_is_found_on_its_line_of_a_block_scalar() -> None:
    root = read("a: |\n  one\n  two {{ three }}\n")
    assert isinstance(root, Table)
    scalar = root.entries[0].node
    assert isinstance(scalar, Scalar)
    spot = scalar.locate(2, "three")
    assert (spot.line, spot.column) == (3, 10)
