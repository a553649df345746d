"""Rows of Parquet, a few at a time, in the JSON form that each type has."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from gristmill.datasets.seedfiles.rows import SeedLimits, SeedReading, SeedRow, bad_row
from gristmill.datasets.seedfiles.tables import check_names
from gristmill.errors import Finding, InvalidSeedsError, TooLargeError

BATCH_ROWS = 256
BUFFER_BYTES = 1 << 20
PART_BYTES = 32 << 20

# What Arrow raises for a value that Python cannot hold: a year 40000, text that is not UTF-8, a key twice in a map.
_UNREADABLE = (ValueError, OverflowError, KeyError, pa.ArrowException)


class _NoJsonError(TypeError):
    """A type without a JSON form."""


def read_parquet(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """The rows in order. Raises InvalidSeedsError, whose findings name each column that has no JSON form."""
    try:
        # With a buffer, a column chunk is read in pieces: a row group may be as large as the file.
        texts = [] if reading.limits is None else _examine(path, reading.limits)
        with pq.ParquetFile(path, buffer_size=BUFFER_BYTES, read_dictionary=texts) as file:
            check_names(path, file.schema_arrow.names)
            schema = _plain_schema(path, file.schema_arrow)
            number = 1
            for batch in chain.from_iterable(map(_parts_of, file.iter_batches(BATCH_ROWS, use_threads=False))):
                yield from _rows_of(batch, schema, number)
                number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidSeedsError(f"{path} cannot be read as Parquet: {str(error).rstrip('.')}.") from error


def _examine(path: Path, limits: SeedLimits) -> list[str]:
    """The columns whose texts are to be read by number: a file of 600 bytes can say a long one a thousand times.

    Raises TooLargeError for what the file itself says is too much, before any of it is decompressed.
    """
    told = pq.read_metadata(path)
    groups = [told.row_group(index) for index in range(told.num_row_groups)]
    if told.num_rows > limits.rows or sum(group.total_byte_size for group in groups) > limits.bytes:
        raise TooLargeError(f"The file holds more than {limits.rows:,} rows, or {limits.bytes:,} bytes decompressed.")
    return [field.name for field in told.schema.to_arrow_schema() if pt.is_string(field.type)]


def _parts_of(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts that stay small when each text that is read by number stands in every row that has it."""
    lengths = [_longest(column.dictionary) for column in batch.columns if isinstance(column, pa.DictionaryArray)]
    rows = max(1, PART_BYTES // sum(lengths, start=1))
    return (batch.slice(first, rows) for first in range(0, batch.num_rows, rows))


def _longest(texts: "pa.Array[Any]") -> int:
    """The bytes of the longest of them; of what is no text, 1."""
    return pc.max(pc.binary_length(texts)).as_py() or 1 if isinstance(texts, pa.StringArray) else 1


def _plain_schema(path: Path, schema: pa.Schema) -> pa.Schema:
    fields, findings = [], []
    for field in schema:
        try:
            fields.append(pa.field(field.name, _plain_type(field.type)))
        except _NoJsonError as error:
            message = f"holds {error}, which JSON cannot hold."
            hint = "Write it as text, or leave the column out."
            findings.append(Finding(code="bad_column", message=message, suggestion=hint, path=field.name))
    if findings:
        raise InvalidSeedsError(f"{path}: {len(findings)} of {len(schema)} columns cannot be used.", findings)
    return pa.schema(fields)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that is read instead: Python knows no nanoseconds, and no text by number. Raises _NoJsonError."""
    match kind:
        case pa.DictionaryType():
            return _plain_type(kind.value_type)
        case pa.BaseExtensionType():
            return _plain_type(kind.storage_type)
        case pa.StructType():
            return pa.struct([pa.field(kind[i].name, _plain_type(kind[i].type)) for i in range(kind.num_fields)])
        case pa.MapType() if not pt.is_string(kind.key_type):
            raise _NoJsonError(f"maps with keys of type {kind.key_type}")
        case pa.MapType():
            return pa.map_(kind.key_type, _plain_type(kind.item_type))
        case pa.ListType() | pa.LargeListType() | pa.FixedSizeListType():
            return pa.list_(_plain_type(kind.value_type))
        case _:
            return _plain_leaf(kind)


def _plain_leaf(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.TimestampType):
        return pa.timestamp("us", kind.tz)
    if pt.is_time64(kind):
        return pa.time64("us")
    if pt.is_float16(kind):
        return pa.float32()
    kept = (
        pt.is_null,
        pt.is_boolean,
        pt.is_integer,
        pt.is_floating,
        pt.is_string,
        pt.is_large_string,
        pt.is_string_view,
    )
    if any(is_kept(kind) for is_kept in (*kept, pt.is_decimal, pt.is_date, pt.is_time)):
        return kind
    raise _NoJsonError(f"values of type {kind}")


def _rows_of(batch: pa.RecordBatch, schema: pa.Schema, first: int) -> Iterator[SeedRow]:
    try:
        rows = _plain_rows(batch, schema)
    except _UNREADABLE:
        for i in range(batch.num_rows):
            yield _row_alone(batch.slice(i, 1), schema, first + i)
    else:
        yield from rows


def _row_alone(batch: pa.RecordBatch, schema: pa.Schema, number: int) -> SeedRow:
    row: dict[str, Any] = {}
    for i, name in enumerate(schema.names):
        try:
            [value] = _plain_rows(batch.select([i]), pa.schema([schema.field(i)]))
        except _UNREADABLE as error:
            return bad_row(number, f"has a value that cannot be read: {str(error).rstrip('.')}", path=name)
        row |= value
    return row


def _plain_rows(batch: pa.RecordBatch, schema: pa.Schema) -> Sequence[dict[str, Any]]:
    columns = [column.cast(kind.type, safe=False) for column, kind in zip(batch.columns, schema, strict=True)]
    plain = pa.RecordBatch.from_arrays(columns, schema=schema)
    return [_plain(row) for row in plain.to_pylist(maps_as_pydicts="strict")]


def _plain(value: object) -> Any:  # noqa: ANN401 - a JSON value
    match value:
        case date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value
