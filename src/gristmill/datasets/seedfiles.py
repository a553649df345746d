"""A user's seed file as rows, one at a time: JSON, JSONL, CSV, TSV and Parquet.

A row that is no good is a Finding in its place, and reading goes on; what makes the rest unreadable raises
InvalidSeedsError. Values of CSV and TSV are strings.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from gristmill.domain.json import Json
from gristmill.errors import Finding, InvalidSeedsError

SeedRow: TypeAlias = Mapping[str, Json] | Finding

CHUNK_CHARACTERS = 1 << 20

# The longest element of a JSON array that is waited for before it counts as broken.
MOST_ROW_CHARACTERS = 64 << 20

# A JSON object of arrays has its rows across the whole file, so the file is read at once.
MOST_OBJECT_BYTES = 256 << 20

MOST_CSV_CELL = 16 << 20

PARQUET_BATCH = 1000


def read_seed_rows(path: Path) -> Iterator[SeedRow]:
    """The rows of a seed file in order, read as they are asked for. Raises InvalidSeedsError."""
    try:
        yield from _read(path)
    except OSError as error:
        raise InvalidSeedsError(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidSeedsError(f"{path} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error


def bad_row(number: int, message: str, *, line: int = 0, column: int = 0, path: str = "") -> Finding:
    """What is wrong with the row of this number, counted from 1."""
    return Finding(code="bad_row", message=f"row {number} {message}", line=line, column=column, path=path)


def _read(path: Path) -> Iterator[SeedRow]:
    match path.suffix.lower():
        case ".json":
            return _read_json(path)
        case ".jsonl" | ".ndjson":
            return _read_json_lines(path)
        case ".csv":
            return _read_table(path, ",")
        case ".tsv":
            return _read_table(path, "\t")
        case ".parquet":
            return _read_parquet(path)
        case _:
            raise InvalidSeedsError(f"{path}: the name of a seed file ends in .json, .jsonl, .csv, .tsv or .parquet.")


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            try:
                yield content.decode()
            except UnicodeDecodeError as error:
                raise InvalidSeedsError(
                    f"{path}, line {number}, byte {error.start + 1}: this is not UTF-8 text. Save the file as UTF-8."
                ) from error


def _read_json_lines(path: Path) -> Iterator[SeedRow]:
    number = 0
    for line, text in enumerate(_lines(path), 1):
        if text.strip():
            number += 1
            yield _row_of(text, number, line)


def _row_of(text: str, number: int, line: int) -> SeedRow:
    try:
        return _as_row(json.loads(text), number, line)
    except json.JSONDecodeError as error:
        return bad_row(number, f"is not JSON: {error.msg}", line=line, column=error.colno)
    except (ValueError, RecursionError) as error:
        return bad_row(number, f"cannot be read as JSON: {_why(error)}", line=line)


def _why(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _as_row(value: object, number: int, line: int = 0) -> SeedRow:
    if isinstance(value, dict):
        return value
    return bad_row(number, f"is {_kind_of(value)}; a seed is an object with named fields", line=line)


def _kind_of(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _read_json(path: Path) -> Iterator[SeedRow]:
    with path.open(encoding="utf-8-sig") as file:
        text = _JsonText(path, file)
        match text.peek():
            case "[":
                yield from _read_array(text)
            case "{":
                yield from _read_object(path)
            case "":
                return
            case _:
                raise InvalidSeedsError(f"{path} holds neither an array nor an object of arrays.")


class _JsonText:
    """JSON text that is read piece by piece, at most one value ahead."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path = path
        self._file = file
        self._text = ""
        self._at = 0
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self) -> None:
        """Go past the character that `peek` showed."""
        self._at += 1

    def value(self) -> Any:  # noqa: ANN401 - whatever stands there
        """The next value. Raises ValueError and RecursionError."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
            else:
                # A number that ends where the text ends so far may go on.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value

    def _more(self) -> bool:
        rest = self._text[self._at :]
        if len(rest) > MOST_ROW_CHARACTERS:
            return False
        piece = self._file.read(max(CHUNK_CHARACTERS, len(rest)))
        self._text, self._at = rest + piece, 0
        return bool(piece)


def _read_array(text: _JsonText) -> Iterator[SeedRow]:
    text.skip()
    number = 0
    follows = text.peek()
    while follows != "]":
        number += 1
        try:
            value = text.value()
        except (ValueError, RecursionError) as error:
            raise InvalidSeedsError(f"{text.path}: row {number} cannot be read as JSON: {_why(error)}.") from error
        yield _as_row(value, number)
        follows = text.peek()
        if follows == ",":
            text.skip()
            follows = ""
        elif follows != "]":
            raise InvalidSeedsError(f"{text.path}: after row {number} there is neither a comma nor the array's end.")
    text.skip()
    if text.peek():
        raise InvalidSeedsError(f"{text.path}: there is text after the array's end.")


def _read_object(path: Path) -> Iterator[SeedRow]:
    if path.stat().st_size > MOST_OBJECT_BYTES:
        raise InvalidSeedsError(f"{path}: an object of arrays is read up to 256 MiB. Write it as JSON Lines (.jsonl).")
    try:
        columns = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        hint = " One object a line is JSON Lines: name the file .jsonl." if error.msg == "Extra data" else ""
        raise InvalidSeedsError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}.{hint}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidSeedsError(f"{path}: cannot be read as JSON: {_why(error)}.") from error
    for number, row in enumerate(_rows_of(path, columns), 1):
        yield _as_row(row, number)


def _rows_of(path: Path, columns: Mapping[str, object]) -> Iterator[object]:
    """The rows of an object of arrays: a single array of objects holds rows, anything else is columns."""
    arrays = {name: values for name, values in columns.items() if isinstance(values, list)}
    if len(arrays) < len(columns):
        other = next(name for name in columns if name not in arrays)
        raise InvalidSeedsError(f"{path}: {other!r} is no array; an object of seeds has an array for each column.")
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidSeedsError(f"{path}: the arrays differ in length: {lengths}.")
    if len(arrays) == 1 and all(isinstance(row, dict) for row in next(iter(arrays.values()))):
        yield from next(iter(arrays.values()))
    else:
        yield from (dict(zip(arrays, row, strict=True)) for row in zip(*arrays.values(), strict=True))


def _read_table(path: Path, delimiter: str) -> Iterator[SeedRow]:
    csv.field_size_limit(MOST_CSV_CELL)
    reader = csv.reader(_lines(path), delimiter=delimiter, strict=True)
    try:
        names = next((row for row in reader if row), [])
        _check_names(path, names)
        for number, cells in enumerate(filter(None, reader), 1):
            if len(cells) == len(names):
                yield dict(zip(names, cells, strict=True))
            else:
                wrong = f"has {len(cells)} values where the header names {len(names)}"
                yield bad_row(number, wrong, line=reader.line_num)
    except csv.Error as error:
        raise InvalidSeedsError(f"{path}, line {reader.line_num}: {error}.") from error


def _check_names(path: Path, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidSeedsError(f"{path}: the column {twice[0]!r} is there twice. Give each column its own name.")
    if "" in names:
        raise InvalidSeedsError(f"{path}: column {names.index('') + 1} has no name in the header.")


def _read_parquet(path: Path) -> Iterator[SeedRow]:
    try:
        with pq.ParquetFile(path) as file:
            _check_names(path, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(PARQUET_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield _plain_row(row, number)
    except pa.ArrowException as error:
        raise InvalidSeedsError(f"{path} cannot be read as Parquet: {error}.") from error


def _plain_row(row: Mapping[str, object], number: int) -> SeedRow:
    plain = {}
    for name, value in row.items():
        try:
            plain[name] = _plain(value)
        except (TypeError, UnicodeDecodeError):
            return bad_row(number, f"has a value of type {type(value).__name__}, which JSON cannot hold", path=name)
    return plain


def _plain(value: object) -> Any:  # noqa: ANN401 - a JSON value
    match value:
        case None | bool() | int() | float() | str():
            return value
        case date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytes():
            return value.decode()
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            raise TypeError(type(value).__name__)
