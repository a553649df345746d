"""Rows of JSON: an array of objects, an object of arrays, or an object a line; streamed, all three."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, NoReturn

from gristmill.datasets.seedfiles.json_text import JsonText
from gristmill.datasets.seedfiles.opening import lines_of, open_text
from gristmill.datasets.seedfiles.rows import MOST_ROW, SeedReading, SeedRow, as_row, bad_row, readable
from gristmill.errors import InvalidSeedsError

LINES_HINT = "One object a line is JSON Lines: name the file .jsonl."

# What is read at once of each column of an object of arrays.
COLUMN_BYTES = 1 << 16


def read_json_lines(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """An object a line; lines without anything are passed over."""
    with open_text(path, reading, newline="\n") as text:
        number = 0
        for line, content in enumerate(lines_of(text), 1):
            if not content.isspace():
                number += 1
                yield _row_of(content, number, line)


def _row_of(content: str, number: int, line: int) -> SeedRow:
    if len(content) > MOST_ROW:
        return bad_row(number, f"is longer than {MOST_ROW:,} characters", line=line)
    is_array = number == 1 and content.lstrip().startswith("[")
    hint = "Name a file that holds one JSON array .json." if is_array else ""
    try:
        return as_row(json.loads(content), number, line, hint)
    except json.JSONDecodeError as error:
        return bad_row(number, f"is not JSON: {error.msg}", line=line, column=error.colno, suggestion=hint)
    except (ValueError, RecursionError) as error:
        return bad_row(number, f"cannot be read as JSON: {_why(error)}", line=line)


def _why(error: ValueError | RecursionError | OverflowError) -> str:
    match error:
        case RecursionError():
            return "it is nested too deep"
        case json.JSONDecodeError():
            return error.msg
        case OverflowError():
            return str(error)
        case _:
            return "it has a number of more than 4,300 digits"


def read_json(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """The objects of an array, or the rows of an object of arrays."""
    with open_text(path, reading) as file:
        text = _Text(path, JsonText(file))
        match text.json.peek():
            case "[":
                for number, value in text.array():
                    yield value.row(number) if isinstance(value, _Bad) else as_row(value, number)
                text.end("array")
            case "{":
                with tempfile.TemporaryFile(prefix="gristmill-") as spill:
                    yield from _read_object(text, spill)
            case "":
                return
            case _:
                raise InvalidSeedsError(f"{path} holds neither an array nor an object of arrays.")


@dataclass(frozen=True, slots=True)
class _Bad:
    """A value that is JSON but cannot be read, and why."""

    why: str

    def row(self, number: int) -> SeedRow:
        return bad_row(number, f"cannot be read as JSON: {self.why}")


@dataclass(frozen=True, slots=True)
class _Text:
    """A file's JSON, and what to say of the place where it stops being any."""

    path: Path
    json: JsonText

    def array(self) -> Iterator[tuple[int, Any]]:
        """The elements of the array that begins here, numbered from 1; a _Bad for one that cannot be read."""
        self.json.skip()
        number = 0
        follows = self.json.peek()
        while follows != "]":
            number += 1
            yield number, self._element(number)
            follows = self.json.peek()
            if follows == ",":
                self.json.skip()
                follows = ""
            elif follows != "]":
                self.stop(f"after row {number} there is neither a comma nor the array's end.")
        self.json.skip()

    def _element(self, number: int) -> Any:  # noqa: ANN401 - whatever stands there
        try:
            return self.json.value()
        except (json.JSONDecodeError, RecursionError, OverflowError) as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else None
            self.stop(f"row {number} cannot be read as JSON: {_why(error)}. Nothing after it can be read.", at)
        except ValueError as error:
            return _Bad(_why(error))

    def name(self) -> str:
        """The name of a column, and the colon after it."""
        name = self._element(1) if self.json.peek() == '"' else self.stop("a column's name was expected here.")
        if self.json.peek() != ":":
            self.stop(f"a colon was expected after {readable(name)!r}.")
        self.json.skip()
        return str(name)

    def end(self, what: str, hint: str = "") -> None:
        """Raise InvalidSeedsError when anything follows."""
        if self.json.peek():
            self.stop(f"there is text after the {what}'s end.{hint}")

    def stop(self, words: str, at: int | None = None) -> NoReturn:
        """Raise InvalidSeedsError with the place."""
        spot = self.json.spot(at)
        raise InvalidSeedsError(f"{self.path}:{spot.line}:{spot.column}: {words}")


@dataclass(frozen=True, slots=True)
class _Column:
    """Where the values of a column lie in the spill, and whether the first is an object."""

    start: int
    count: int
    has_objects: bool


def _read_object(text: _Text, spill: IO[bytes]) -> Iterator[SeedRow]:
    """The rows of an object of arrays: a single array of objects holds rows, anything else is columns.

    The rows lie across the whole file, so its columns are written apart first.
    """
    columns = _spill_columns(text, spill)
    counts = {readable(name): column.count for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise InvalidSeedsError(f"{text.path}: the arrays differ in length: {counts}.")
    values = {name: _values(spill, column) for name, column in columns.items()}
    first = next(iter(columns.values()), None)
    if first is not None and len(columns) == 1 and first.has_objects:
        rows: Iterator[Any] = next(iter(values.values()))
    else:
        rows = (dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True))
    for number, row in enumerate(rows, 1):
        yield as_row(row, number)


def _spill_columns(text: _Text, spill: IO[bytes]) -> dict[str, _Column]:
    columns: dict[str, _Column] = {}
    text.json.skip()
    while text.json.peek() != "}":
        name = text.name()
        if name in columns:
            text.stop(f"the column {readable(name)!r} is there twice. Give each column its own name.")
        if text.json.peek() != "[":
            words = f"{readable(name)!r} is no array; an object of seeds has an array for each column."
            text.stop(f"{words} {LINES_HINT}")
        columns[name] = _spill(text, name, spill)
        if text.json.peek() == ",":
            text.json.skip()
        elif text.json.peek() != "}":
            text.stop("neither a comma nor the object's end stands here.")
    text.json.skip()
    text.end("object", f" {LINES_HINT}")
    return columns


def _spill(text: _Text, name: str, spill: IO[bytes]) -> _Column:
    start, count, has_objects = spill.tell(), 0, False
    for count, value in text.array():
        if isinstance(value, _Bad):
            text.stop(f"value {count} of {readable(name)!r} cannot be read as JSON: {value.why}.")
        has_objects = has_objects or (count == 1 and isinstance(value, dict))
        spill.write(json.dumps(value).encode() + b"\n")
    return _Column(start, count, has_objects)


def _values(spill: IO[bytes], column: _Column) -> Iterator[Any]:
    return islice(_lines_from(spill, column.start), column.count)


def _lines_from(spill: IO[bytes], start: int) -> Iterator[Any]:
    # All columns read from one file, so each goes back to its own place.
    at = start
    while True:
        spill.seek(at)
        lines = spill.readlines(COLUMN_BYTES)
        at = spill.tell()
        yield from map(json.loads, lines)
