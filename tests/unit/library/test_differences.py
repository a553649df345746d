"""What differs between two versions, told in a bounded time."""

import difflib
import random
import time

import pytest

from gristmill.library.differences import _unified, compare


def unified(old: str, new: str) -> str:
    return _unified(("a", "b"), compare(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("", "a\n"),
        ("a\n", ""),
        ("".join(f"{n}\n" for n in range(30)), "".join(f"{n}\n" for n in range(30) if n not in {3, 20})),
        ("a\r\nb\u2028c\n", "a\nb\u2028d\n"),
    ],
)
def test_the_unified_diff_is_the_one_that_everybody_knows(old: str, new: str) -> None:
    lines = (old.split("\n")[:-1], new.split("\n")[:-1])
    known = difflib.unified_diff(*lines, "a", "b", lineterm="")
    assert [line for line in unified(old, new).split("\n")[:-1] if line[:2] != "@@"] == [
        line for line in known if line[:2] != "@@"
    ]


def test_a_hunk_says_where_it_stands() -> None:
    assert unified("a\nb\n", "a\n") == "--- a\n+++ b\n@@ -1,2 +1,1 @@\n a\n-b\n"


def test_an_end_without_a_line_break_is_told() -> None:
    assert unified("a", "a\n").splitlines()[3:] == ["-a", "\\ No newline at end of file", "+a"]


def test_the_same_text_has_no_difference() -> None:
    assert unified("a\n", "a\n") == ""


def test_each_line_knows_its_numbers() -> None:
    [hunk] = compare("a\nb\nc\n", "a\nx\nc\n")
    assert [(line.kind, line.old, line.new) for line in hunk] == [
        ("same", 1, 1),
        ("removed", 2, None),
        ("added", None, 2),
        ("same", 3, 3),
    ]


def test_hostile_texts_are_compared_in_a_moment() -> None:
    chance = random.Random(3)
    old, new = ("\n".join(chance.choices("abcdef", k=50_000)) for _ in range(2))
    begun = time.process_time()
    compare(old, new)
    assert time.process_time() - begun < 3
