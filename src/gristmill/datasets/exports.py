"""Datasets as files: JSON Lines, CSV and Parquet, written as a stream and renamed into place when whole."""

import asyncio
import csv
import hashlib
import io
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias, assert_never

from gristmill.datasets.files import new_file
from gristmill.datasets.formats.parquet import ParquetRecords
from gristmill.datasets.jsontext import clean, plain_json
from gristmill.datasets.lineage import LINEAGE, lineage_of
from gristmill.domain.ids import Digest
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.record import Row

Format: TypeAlias = Literal["jsonl", "csv", "parquet"]

BATCH_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A finished export: `sha256` is of the file's bytes."""

    path: Path
    records: int
    sha256: Digest


class RecordWriter(Protocol):
    """Writes records to a file that is open already."""

    def write(self, records: Sequence[JsonObject]) -> None:
        """Add some records."""
        ...

    def finish(self) -> None:
        """Write what was held back; nothing may be written after it."""
        ...


async def export_records(
    rows: AsyncIterator[Row], fmt: Format, path: Path, *, fields: Sequence[str], lineage: bool
) -> Exported:
    """Write the rows' records to `path` in flat memory; a file that stands there is replaced once the new one is whole.

    Columns and keys are `fields`, in their order. With `lineage`, which needs rows read with theirs, a `_lineage` field
    tells how each record was made: an object in JSON Lines, its JSON text elsewhere. CSV: nested values, numbers and
    booleans as JSON, null as nothing; text is never altered, so a spreadsheet may take one that starts with `=` for a
    formula. Parquet: types as in `shapes`. Raises StorageFullError and BadInputError.
    """
    count = 0
    names = (*fields, LINEAGE) if lineage else tuple(fields)
    with new_file(path, replace=True) as file, _open_writer(fmt, file, names, path.parent) as writer:
        batch: list[JsonObject] = []
        async for row in rows:
            count += 1
            batch.append(record_of(row, lineage=lineage))
            if len(batch) == BATCH_ROWS:
                await asyncio.to_thread(writer.write, batch)
                batch = []
        await asyncio.to_thread(writer.write, batch)
        await asyncio.to_thread(writer.finish)
    return Exported(path=path, records=count, sha256=await asyncio.to_thread(file_digest, path))


def record_of(row: Row, *, lineage: bool) -> JsonObject:
    """The row's record, with its lineage if that is wanted."""
    record = row.record or {}
    return {**record, LINEAGE: lineage_of(row)} if lineage else record


@contextmanager
def _open_writer(fmt: Format, file: BinaryIO, fields: Sequence[str], folder: Path) -> Iterator[RecordWriter]:
    match fmt:
        case "jsonl":
            yield JsonLinesWriter(file, fields)
        case "csv":
            yield CsvWriter(file, fields)
        case "parquet":
            with tempfile.TemporaryFile(dir=folder) as waiting:
                yield ParquetRecords(file, fields, waiting)
        case _:
            assert_never(fmt)


def file_digest(path: Path) -> Digest:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())


class JsonLinesWriter:
    """One JSON object a line; a field that a record lacks is left out."""

    def __init__(self, file: BinaryIO, fields: Sequence[str]) -> None:
        self._file = file
        self._fields = fields

    def write(self, records: Sequence[JsonObject]) -> None:
        """Add some records."""
        for record in records:
            self._file.write(plain_json({name: record[name] for name in self._fields if name in record}) + b"\n")

    def finish(self) -> None:
        """Nothing is held back."""


class CsvWriter:
    """RFC 4180 in UTF-8 with a header, and lines that end in a line feed alone."""

    def __init__(self, file: BinaryIO, fields: Sequence[str]) -> None:
        self._file = file
        self._fields = fields
        self._write_lines([[clean(name) for name in fields]])

    def write(self, records: Sequence[JsonObject]) -> None:
        """Add some records."""
        self._write_lines([[_cell(record.get(name)) for name in self._fields] for record in records])

    def finish(self) -> None:
        """Nothing is held back."""

    def _write_lines(self, lines: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(lines)
        self._file.write(text.getvalue().encode())


def _cell(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return clean(value)
        case _:
            return plain_json(value).decode()
