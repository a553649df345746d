"""Records as the columns of Parquet files: each column has the least type that holds all its values."""

from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from gristmill.datasets.jsontext import clean, from_json, plain_json, to_json
from gristmill.datasets.lineage import LINEAGE
from gristmill.datasets.shapes import Leaf, Shape, arrow_type, fit, join, shape_of
from gristmill.domain.json import Json, JsonObject

# What one row group of a Parquet file takes as JSON; its values are all in memory at one time.
GROUP_BYTES = 4 << 20


class Columns:
    """Learns the type of each column from records that wait as lines, then gives them back as tables."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._shapes: dict[str, Shape] = dict.fromkeys(fields, Leaf.NULL)

    def line_of(self, record: JsonObject) -> bytes:
        """The record as a line to keep until all types are known."""
        values = [_column_value(name, record.get(name)) for name in self._shapes]
        for name, value in zip(self._shapes, values, strict=True):
            self._shapes[name] = join(self._shapes[name], shape_of(value))
        return to_json(values) + b"\n"

    @property
    def schema(self) -> pa.Schema:
        """The columns with the types that hold every record so far."""
        return pa.schema([(clean(name), arrow_type(shape)) for name, shape in self._shapes.items()])

    def tables(self, waiting: IO[bytes]) -> Iterator[pa.Table]:
        """The waiting lines from here on, a row group at a time."""
        schema = self.schema
        while lines := waiting.readlines(GROUP_BYTES):
            columns = zip(*map(from_json, lines), strict=True)
            arrays = [
                pa.array([fit(value, shape) for value in column], arrow_type(shape))
                for column, shape in zip(columns, self._shapes.values(), strict=True)
            ]
            yield pa.table(arrays, schema=schema)


class ParquetRecords:
    """Columns of one type each, zstd. Records wait in another file until all types are known."""

    def __init__(self, file: BinaryIO, fields: Sequence[str], waiting: IO[bytes]) -> None:
        self._file = file
        self._columns = Columns(fields)
        self._waiting = waiting

    def write(self, records: Sequence[JsonObject]) -> None:
        """Add some records."""
        for record in records:
            self._waiting.write(self._columns.line_of(record))

    def finish(self) -> None:
        """Write all records with the types that hold them."""
        self._waiting.seek(0)
        with pq.ParquetWriter(self._file, self._columns.schema, compression="zstd") as writer:
            for table in self._columns.tables(self._waiting):
                writer.write_table(table)


def _column_value(name: str, value: Json) -> Json:
    return plain_json(value).decode() if name == LINEAGE else value
