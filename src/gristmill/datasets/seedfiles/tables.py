"""Rows of CSV and TSV: the first line names the columns, and every value is text."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.datasets.seedfiles.opening import lines_of, open_text
from gristmill.datasets.seedfiles.rows import MOST_ROW, SeedReading, SeedRow, bad_row, readable, undecoded
from gristmill.errors import InvalidSeedsError

if TYPE_CHECKING:
    import _csv

_QUOTED = re.compile(r'"[^"]*"')


def read_csv(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """Rows whose values are parted by what parts the names of the header: commas, else semicolons, else tabs."""
    return _read_table(path, reading, ",;\t")


def read_tsv(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """Rows whose values are parted by tabs."""
    return _read_table(path, reading, "\t")


def _read_table(path: Path, reading: SeedReading, delimiters: str) -> Iterator[SeedRow]:
    csv.field_size_limit(MOST_ROW)
    with open_text(path, reading, newline="") as text:
        lines = lines_of(text)
        empty, header = _header(lines)
        _refuse_json(path, header)
        reader = csv.reader(chain(empty, [header], lines), delimiter=_delimiter(header, delimiters), strict=True)
        names = _read_names(path, reader)
        number = 0
        while True:
            first_line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                number += 1
                yield bad_row(number, _wrong_quotes(error, first_line, reader.line_num), line=first_line)
                continue
            if cells is None:
                return
            if cells:
                number += 1
                yield _row_of(names, cells, number, first_line)


def _header(lines: Iterator[str]) -> tuple[Sequence[str], str]:
    """The lines without anything at the beginning, and the first with something."""
    empty: list[str] = []
    for line in lines:
        if line.strip():
            return empty, line
        empty.append(line)
    return empty, ""


def _delimiter(header: str, delimiters: str) -> str:
    bare = _QUOTED.sub("", header)
    return next((one for one in delimiters if one in bare), delimiters[0])


def _refuse_json(path: Path, header: str) -> None:
    start = header.lstrip()
    if start.startswith(('{"', "[{")) or start.strip() in {"[", "{"}:
        raise InvalidSeedsError(f"{path} holds JSON: name it .jsonl when each line is an object, and .json otherwise.")


def _read_names(path: Path, reader: "_csv.Reader") -> Sequence[str]:
    try:
        names: list[str] = next((row for row in reader if row), [])
    except csv.Error as error:
        raise InvalidSeedsError(f"{path}, line {reader.line_num}: the header cannot be read: {error}.") from error
    check_names(path, names)
    return names


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise InvalidSeedsError unless each column has a name of its own."""
    for i, name in enumerate(names, 1):
        if not name.strip():
            raise InvalidSeedsError(f"{path}: column {i} has no name in the header.")
        wrong = next(filter(None, map(undecoded, name)), "")
        if wrong or "\0" in name:
            words = f"{wrong}. Save the file as UTF-8, or name its encoding" if wrong else "has a NUL"
            at_shell = "--encoding cp1252" if wrong else ""
            raise InvalidSeedsError(f"{path}: the name of column {i} {words}.", at_shell=at_shell)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidSeedsError(f"{path}: the column {readable(twice[0])!r} is there twice. Give each its own name.")


def _row_of(names: Sequence[str], cells: list[str], number: int, line: int) -> SeedRow:
    if len(cells) == len(names):
        return dict(zip(names, cells, strict=True))
    wrong = f"has {len(cells)} value{'s' * (len(cells) > 1)} where the header names {len(names)}"
    if len(cells) < len(names):
        return bad_row(number, f"{wrong}: none for {names[len(cells)]!r}", line=line, path=names[len(cells)])
    hint = "Put a value that holds the delimiter in double quotes."
    return bad_row(number, f"{wrong}: value {len(names) + 1} has no column", line=line, suggestion=hint)


def _wrong_quotes(error: csv.Error, first_line: int, last_line: int) -> str:
    over = f" (lines {first_line} to {last_line})" if last_line > first_line else ""
    match str(error):
        case "unexpected end of data":
            return f"opens a quote that is never closed{over}"
        case words if words.startswith("field larger"):
            return f"has a value of more than {MOST_ROW:,} characters{over}; perhaps a quote is left open"
        case words:
            return f"is not CSV: {words}{over}. Double a quote that stands within quotes"
