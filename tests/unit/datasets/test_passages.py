"""Texts become passages of about one size that end where a reader would pause, each with its headings."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.datasets.seedcheck import Tally, good_rows
from gristmill.datasets.seedfiles import SeedReading, markdown, passages
from gristmill.datasets.seedfiles.markdown import Piece
from gristmill.errors import InvalidSeedsError

PAGE = """\
---
title: Lamps
---
Before any heading.

# Lamps #

They shine.

Buying
------

Look at the price.
Then *buy*.

### A closer look

```sh
# no heading

echo
```

- an item
---

Using
=====

## Care ##
Dust it.
"""


def read(path: Path, split: int = 1500) -> list[Mapping[str, Any]]:
    return [good.row for good in good_rows(path, SeedReading(split=split), Tally())]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cut(text: str, size: int) -> list[str]:
    return [one.text for one in passages._passages(Path("a.txt"), iter([Piece(text=text)]), size)]


def test_a_page_is_split_at_its_headings_and_each_passage_names_the_trail(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.md", PAGE))

    assert [(row["passage"], row["heading"], row["text"]) for row in found] == [
        (1, "", "Before any heading."),
        (2, "Lamps", "They shine."),
        (3, "Lamps > Buying", "Look at the price.\nThen *buy*."),
        (4, "Lamps > Buying > A closer look", "```sh\n# no heading\n\necho\n```\n\n- an item\n---"),
        (5, "Using > Care", "Dust it."),
    ]
    assert {row["source"] for row in found} == {"a.md"}


def test_sections_of_one_name_stay_apart(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.md", "# Example\none\n# Example\ntwo\n"))

    assert [(row["text"], row["heading"]) for row in found] == [("one", "Example"), ("two", "Example")]


def test_front_matter_that_never_ends_is_text(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.md", "---\nnot closed\n"))[0]["text"] == "---\nnot closed"


def test_a_text_has_the_same_columns_as_a_page_and_its_name_without_compression(tmp_path: Path) -> None:
    rows = [{"text": "# One\n\ntwo", "source": "a.txt", "passage": 1, "heading": ""}]

    assert read(write(tmp_path / "a.txt", "\n\n# One\r\n\r\ntwo\r\n")) == rows
    assert read(write(tmp_path / "a.txt.gz", gzip.compress(b"# One\n\ntwo"))) == rows


def test_all_texts_below_a_folder_are_read_by_name(tmp_path: Path) -> None:
    for name in ("b.txt", "sub/a.md", "sub/deep/c.markdown", ".git/no.md", ".hidden.md", "a.md", "no.csv", "z.txt.gz"):
        write(tmp_path / "docs" / name, gzip.compress(b"zipped") if name.endswith("gz") else f"Text of {name}.")
    found = read(tmp_path / "docs")

    assert [row["source"] for row in found] == ["a.md", "b.txt", "sub/a.md", "sub/deep/c.markdown", "z.txt"]
    assert [row["passage"] for row in found] == [1] * 5


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("One two. Three four. Five", 14, ["One two.", "Three four.", "Five"]),
        ("One two\n\nThree. Four five six", 16, ["One two\n\nThree.", "Four five six"]),
        ("One two six\n\nThree. Four five", 16, ["One two six", "Three. Four five"]),
        ("One two six seven", 12, ["One two six", "seven"]),
        ("Antidisestablishmentarianism is long", 10, ["Antidisestablishmentarianism", "is long"]),
        ("これは文です。次の文です。", 8, ["これは文です。", "次の文です。"]),
        ('He said "no." Then left', 14, ['He said "no."', "Then left"]),
        ("Pi is 3.14159 or so", 12, ["Pi is", "3.14159 or", "so"]),
        ("a b", 1, ["a", "b"]),
        ("fits", 4, ["fits"]),
        (" \n\n ", 4, []),
    ],
)
def test_a_passage_ends_at_a_paragraph_else_a_sentence_else_a_word(text: str, size: int, expected: list[str]) -> None:
    assert cut(text, size) == expected


@given(st.text(st.sampled_from("ab.。 \n")), st.integers(1, 12), st.lists(st.integers(1, 9), max_size=30))
def test_passages_hold_every_word_whole_however_the_text_comes(text: str, size: int, lengths: list[int]) -> None:
    found = cut(text, size)
    pieces, at = [], 0
    for length in lengths:
        pieces.append(Piece(text=text[at : at + length]))
        at += length
    pieces.append(Piece(text=text[at:]))

    assert " ".join(found).split() == text.split() or "。" in text
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(one) <= size or len(one.split()) == 1 for one in found)
    assert [one.text for one in passages._passages(Path("a.txt"), iter(pieces), size)] == found


def test_a_word_without_end_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "MOST_ROW", 200_000)
    with pytest.raises(InvalidSeedsError, match="Is it text"):
        read(write(tmp_path / "a.txt", "x" * 300_000))
    assert len(read(write(tmp_path / "a.txt", "word " * 60_000))) == 200


def test_a_page_is_cut_the_same_as_its_lines_come(tmp_path: Path) -> None:
    lines = PAGE.splitlines(keepends=True)

    assert [piece.text for piece in markdown.sections(iter(lines[3:5]))] == lines[3:5]
