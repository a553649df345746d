"""One row of a seed file: what it may hold, and how it is named when it holds something else."""

import codecs
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gristmill.domain.json import JsonObject, canonical
from gristmill.errors import BadInputError, Finding

SeedRow: TypeAlias = JsonObject | Finding

# The longest row, in characters of its JSON: what reading may have to hold in memory at once.
MOST_ROW = 16 << 20

MOST_DEPTH = 200

DEFAULT_SPLIT = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLimits:
    """The most that is taken of somebody who is not trusted: `bytes` is what comes out of a file, decompressed."""

    file_bytes: int
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReading:
    """How seed files are read: the characters of a passage, and the encoding of text without a byte order mark.

    `name` is what the file is called, where that is not its path's name; `limits` are None for a user's own disk.
    """

    split: int = DEFAULT_SPLIT
    encoding: str = "utf-8"
    name: str = ""
    limits: SeedLimits | None = None


PLAIN_READING = SeedReading()


def reading_of(split: int, encoding: str) -> SeedReading:
    """How seed files are to be read. Raises BadInputError for an encoding that nobody knows."""
    try:
        name = codecs.lookup(encoding).name
        # Python has encodings of bytes too, such as base64: only this refuses them.
        io.TextIOWrapper(io.BytesIO(), encoding=name)
    except (LookupError, ValueError) as error:
        raise BadInputError(f"{encoding!r} is no encoding of text: write one such as cp1252 or utf-16.") from error
    return SeedReading(split=split, encoding=name)


def bad_row(
    number: int, message: str, *, line: int = 0, column: int = 0, path: str = "", suggestion: str = ""
) -> Finding:
    """What is wrong with the row of this number, counted from 1; `path` is its column."""
    return Finding(
        code="bad_row",
        message=f"row {number} {message}.",
        suggestion=suggestion,
        line=line,
        column=column,
        path=readable(path),
    )


def readable(text: str) -> str:
    """The text with what no terminal can show written out."""
    return text.encode(errors="backslashreplace").decode()


def text_of(row: JsonObject, number: int) -> str | Finding:
    """The canonical JSON of the row of this number, or why it cannot be a seed."""
    try:
        text = canonical(row)
    except RecursionError:
        return bad_row(number, f"is nested deeper than {MOST_DEPTH} levels")
    if len(text) > MOST_ROW:
        return bad_row(number, f"is longer than {MOST_ROW:,} characters")
    if not _may_be_wrong(text):
        return text
    for path, value in _places(row):
        wrong = _wrong(value)
        if wrong is not None:
            return bad_row(number, wrong, path=path, suggestion=_SAVE if "byte" in wrong else "")
    deep = text.count("[") + text.count("{") > MOST_DEPTH and _depth(row) > MOST_DEPTH
    return bad_row(number, f"is nested deeper than {MOST_DEPTH} levels") if deep else text


_SAVE = "Save the file as UTF-8, or name its encoding, such as cp1252."


def _may_be_wrong(text: str) -> bool:
    # Only a row that may hold something wrong is looked through, to name the place.
    if "NaN" in text or "Infinity" in text or "\\u0000" in text:
        return True
    if text.count("[") + text.count("{") > MOST_DEPTH:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _wrong(value: object) -> str | None:
    match value:
        case float() if not math.isfinite(value):
            return "has a number that JSON does not know (NaN or Infinity)"
        case str() if "\0" in value:
            return "has a NUL character (U+0000)"
        case str():
            return _wrong_character(value)
        case _:
            return None


def _wrong_character(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return undecoded(text[error.start]) or "has text with half a character (a lone surrogate)"
    return None


def undecoded(character: str) -> str | None:
    """What to say of a byte that `surrogateescape` let through, or None when the character is no such byte."""
    # PEP 383: byte 0xNN becomes U+DCNN.
    byte = ord(character) - 0xDC00
    return f"has the byte 0x{byte:02X}, which is not UTF-8" if 0x80 <= byte <= 0xFF else None  # noqa: PLR2004


def _places(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every name and every plain value within, with the path it stands at."""
    waiting: list[tuple[str, object]] = [(path, value)]
    while waiting:
        place, inner = waiting.pop()
        match inner:
            case Mapping():
                named = [(f"{place}.{name}" if place else name, name, one) for name, one in inner.items()]
                yield from ((under, name) for under, name, _ in named)
                waiting += [(under, one) for under, _, one in reversed(named)]
            case list():
                waiting += [(f"{place}[{i}]", one) for i, one in reversed(list(enumerate(inner)))]
            case _:
                yield place, inner


def _depth(row: JsonObject) -> int:
    depth, level = 0, list[Any]([row])
    while level:
        depth += 1
        inner = (item for one in level for item in (one.values() if isinstance(one, Mapping) else one))
        level = [item for item in inner if isinstance(item, Mapping | list)]
    return depth


def as_row(value: object, number: int, line: int = 0, suggestion: str = "") -> SeedRow:
    """The value as a row, or that it is none."""
    if isinstance(value, dict):
        return value
    words = f"is {_kind_of(value)}; a seed is an object with named fields"
    return bad_row(number, words, line=line, suggestion=suggestion)


def _kind_of(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
