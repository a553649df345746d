"""Rows as the columns of a segment, and back: `decode_segment(encode_segment(rows, recipe)) == rows`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gristmill.datasets.jsontext import clean, from_json, to_json
from gristmill.domain.call import Call, CallKind, Certainty, Place
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.money import NanoUsd
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.usage import Usage

T = TypeVar("T")

# A column's array: the stubs of pyarrow know neither lists of structs nor their leaves.
Column: TypeAlias = Any

Leaves = Mapping[str, tuple[str, pa.DataType]]

TIME = pa.timestamp("us", tz="UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The leaves of each list column, by the path of the attribute they hold. A call's slot and attempt are its row's.
CALL_LEAVES: Leaves = {
    "step": ("place.step", pa.string()),
    "repair": ("place.repair", pa.int32()),
    "kind": ("kind", pa.string()),
    "model": ("model", pa.string()),
    "prompt": ("prompt", pa.string()),
    "reply": ("reply", pa.string()),
    "finish_reason": ("finish_reason", pa.string()),
    "input_tokens": ("usage.input", pa.int64()),
    "output_tokens": ("usage.output", pa.int64()),
    "cached_tokens": ("usage.cached", pa.int64()),
    "cache_written_tokens": ("usage.cache_written", pa.int64()),
    "reasoning_tokens": ("usage.reasoning", pa.int64()),
    "cost_nano": ("cost", pa.int64()),
    "certainty": ("certainty", pa.string()),
    "price_table": ("price_table", pa.string()),
    "ms": ("milliseconds", pa.int64()),
    "at": ("at", TIME),
    "entry": ("entry", pa.bool_()),
}
CHECK_LEAVES: Leaves = {
    "check": ("check", pa.string()),
    "passed": ("passed", pa.bool_()),
    "value": ("value", pa.float64()),
    "words": ("words", pa.string()),
}

# Few different words in these columns: a dictionary makes them small. In the others it would only cost time.
LABELS = [
    *("standing", "recipe", "reason"),
    *(f"calls.list.element.{leaf}" for leaf in ("step", "kind", "model", "finish_reason", "certainty", "price_table")),
    "checks.list.element.check",
]

ACCEPTED, REJECTED, UNFINISHED = "accepted", "rejected", "unfinished"


def standing_of(row: Row) -> str:
    """The word of the `standing` column: accepted, rejected or unfinished."""
    if row.is_accepted:
        return ACCEPTED
    return REJECTED if row.is_reject else UNFINISHED


def encode_segment(rows: Sequence[Row], recipe: Digest) -> bytes:
    """The rows as Parquet (zstd), one column for each field, the same bytes for the same rows.

    Text that is no valid Unicode is stored with U+FFFD in place of its lone surrogates, but in JSON columns exactly.
    Raises ValueError when a call belongs to another slot or attempt than its row.
    """
    table = pa.table(
        {
            "slot": pa.array([row.slot for row in rows], pa.int64()),
            "attempt": pa.array([row.attempt for row in rows], pa.int32()),
            "standing": pa.array([standing_of(row) for row in rows], pa.string()),
            "seed_row": pa.array([row.seed_row for row in rows], pa.int64()),
            "recipe": pa.array([recipe] * len(rows), pa.string()),
            "values": pa.array([to_json(row.values) for row in rows], pa.string()),
            "record": pa.array([None if row.record is None else to_json(row.record) for row in rows], pa.string()),
            "calls": _lists([row.calls for row in rows], lambda calls: _structs(calls, CALL_LEAVES)),
            "checks": _lists([row.checks for row in rows], lambda checks: _structs(checks, CHECK_LEAVES)),
            "fingerprints": _lists([row.fingerprints for row in rows], lambda prints: pa.array(prints, pa.uint64())),
            "reason": _leaf([row.reason for row in rows], pa.string()),
            "detail": _leaf([row.detail for row in rows], pa.string()),
            "finished_at": pa.array([row.finished_at for row in rows], TIME),
        }
    )
    _check_places(rows)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=LABELS,  # type: ignore[arg-type] # names are allowed: the stub is too narrow
        write_statistics=False,
    )
    return sink.getvalue().to_pybytes()


def decode_segment(content: bytes) -> list[Row]:
    """The rows that `encode_segment` was given, in their order. Raises ValueError for bytes that are no segment."""
    return decode_rows(read_table(content))


def read_table(content: bytes, columns: list[str] | None = None) -> pa.Table:
    """These columns of a segment, or all. Raises ValueError for bytes that are no segment."""
    return pq.ParquetFile(pa.BufferReader(content)).read(columns=columns, use_threads=False)


def decode_rows(table: pa.Table) -> list[Row]:
    """The rows of a segment's table; `slot`, `attempt` and `finished_at` must be there, other columns may lack."""
    places = list(zip(_plain(table, "slot"), _plain(table, "attempt"), strict=True))
    columns = zip(
        places,
        _plain(table, "seed_row"),
        _texts(table, "values"),
        _texts(table, "record"),
        _lists_of(table, "calls", lambda flat, owners: _calls(flat, [places[owner] for owner in owners])),
        _lists_of(table, "checks", lambda flat, _: _checks(flat)),
        _lists_of(table, "fingerprints", lambda flat, _: flat.to_pylist()),
        _plain(table, "reason"),
        _plain(table, "detail"),
        _times(table["finished_at"].combine_chunks()),
        strict=True,
    )
    return [
        Row(
            slot=Slot(slot),
            attempt=attempt,
            seed_row=seed_row,
            values={} if values is None else from_json(values),
            record=None if record is None else from_json(record),
            calls=calls,
            checks=checks,
            fingerprints=fingerprints,
            reason=reason,
            detail=detail or "",
            finished_at=finished_at,
        )
        for (
            slot,
            attempt,
        ), seed_row, values, record, calls, checks, fingerprints, reason, detail, finished_at in columns
    ]


def _lists(parts: Sequence[Sequence[T]], flatten: Callable[[list[T]], Column]) -> Column:
    offsets = pa.array(list(accumulate(map(len, parts), initial=0)), pa.int32())
    return pa.ListArray.from_arrays(offsets, flatten(list(chain.from_iterable(parts))))


def _structs(values: Sequence[object], leaves: Leaves) -> Column:
    arrays = [_leaf(list(map(attrgetter(path), values)), kind) for path, kind in leaves.values()]
    return pa.StructArray.from_arrays(arrays, list(leaves))


def _leaf(values: list[Any], kind: pa.DataType) -> Column:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([value and clean(value) for value in values], kind)


def _check_places(rows: Sequence[Row]) -> None:
    for row in rows:
        for call in row.calls:
            if call.place.slot != row.slot or call.place.attempt != row.attempt:
                raise ValueError(f"a call of {call.place} stands in the row of slot {row.slot}, attempt {row.attempt}")


def _plain(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows


def _texts(table: pa.Table, name: str) -> list[bytes | None]:
    if name not in table.column_names:
        return [None] * table.num_rows
    return table[name].cast(pa.binary()).to_pylist()


def _lists_of(table: pa.Table, name: str, read: Callable[[Column, list[int]], Sequence[T]]) -> Sequence[tuple[T, ...]]:
    if name not in table.column_names:
        return [()] * table.num_rows
    lists: Column = table[name].combine_chunks()
    flat = read(lists.flatten(), lists.value_parent_indices().to_pylist())
    offsets = [0, *np.cumsum(lists.value_lengths().to_numpy()).tolist()]
    return [tuple(flat[start:end]) for start, end in pairwise(offsets)]


def _calls(flat: Column, places: list[tuple[Slot, int]]) -> list[Call]:
    leaves = [_times(flat.field(leaf)) if leaf == "at" else flat.field(leaf).to_pylist() for leaf in CALL_LEAVES]
    return list(map(_call, places, *leaves))


def _call(  # noqa: PLR0917 - the parameters are the leaves, in their order
    place: tuple[Slot, int],
    step: str,
    repair: int,
    kind: CallKind,
    model: ModelName,
    prompt: str,
    reply: str | None,
    finish_reason: str,
    sent: int,
    received: int,
    cached: int,
    cache_written: int,
    reasoning: int,
    cost: NanoUsd,
    certainty: Certainty,
    price_table: str,
    milliseconds: int,
    at: datetime,
    entry: bool,  # noqa: FBT001
) -> Call:
    slot, attempt = place
    return Call(
        place=Place(slot=slot, attempt=attempt, step=step, repair=repair),
        kind=kind,
        model=model,
        prompt=prompt,
        reply=reply,
        finish_reason=finish_reason,
        usage=Usage(input=sent, output=received, cached=cached, cache_written=cache_written, reasoning=reasoning),
        cost=cost,
        certainty=certainty,
        price_table=price_table,
        milliseconds=milliseconds,
        at=at,
        entry=entry,
    )


def _checks(flat: Column) -> list[CheckResult]:
    columns = zip(*(flat.field(leaf).to_pylist() for leaf in CHECK_LEAVES), strict=True)
    return [
        CheckResult(check=check, passed=passed, value=value, words=words) for check, passed, value, words in columns
    ]


def _times(column: Column) -> list[datetime]:
    return [EPOCH + timedelta(microseconds=passed) for passed in column.cast(pa.int64()).to_pylist()]
