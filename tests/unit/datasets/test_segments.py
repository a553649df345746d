"""Segments keep rows exactly, under the digest of their bytes, and readers see what the manifest says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq
import pytest

from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import (
    blob_name,
    decode_segment,
    encode_segment,
    read_fingerprints,
    read_records,
    read_rejects,
    read_unfinished,
    write_segment,
)
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Digest, ShardNumber, Slot
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin, Segment, sum_calls
from gristmill.domain.slots import SlotSet
from gristmill.errors import NotFoundError
from gristmill.ports.store import Manifest
from support.rows import JOB, NOON, a_call, a_row, an_origin, unfinished

RECIPE = Digest("r" * 64)

T = TypeVar("T")


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path)


def write(blobs: LocalBlobs, rows: Sequence[Row], origin: Origin | None = None) -> Segment:
    counts = CallCounts(made=len(rows))
    return asyncio.run(write_segment(blobs, origin or an_origin(), recipe=RECIPE, rows=rows, counts=counts))


def manifest_of(*segments: Segment, withdrawn: Sequence[tuple[int, int]] = ()) -> Manifest:
    marks = frozenset((Slot(slot), attempt) for slot, attempt in withdrawn)
    return Manifest(segments=segments, withdrawn=marks, digest=Digest(""))


def collect(rows: AsyncIterator[T]) -> list[T]:
    async def all_of() -> list[T]:
        return [row async for row in rows]

    return asyncio.run(all_of())


def keys(rows: Sequence[Row]) -> list[tuple[int, int]]:
    return [(row.slot, row.attempt) for row in rows]


def test_every_kind_of_row_comes_back_as_it_was() -> None:
    failed = replace(a_call(4, 1), reply=None, finish_reason="fault", certainty="presumed", entry=False)
    rows = [
        a_row(0),
        a_row(1, 2, reason="too short"),
        a_row(2, record={"answer": "no"}, reason="wrong"),
        unfinished(3),
        replace(a_row(4, 1), calls=(a_call(4, 1), failed), seed_row=None, detail="words", checks=()),
        replace(a_row(5), calls=(), fingerprints=(2**64 - 1, 0), finished_at=NOON + timedelta(microseconds=1)),
    ]

    assert decode_segment(encode_segment(rows, RECIPE)) == rows


def test_no_rows_make_a_segment_too() -> None:
    assert decode_segment(encode_segment([], RECIPE)) == []


def test_json_keeps_what_few_formats_hold() -> None:
    row = a_row(0, record={"z": {"big": 2**80, "half": "\ud800"}, "a": [1, None, {"b": 1.5}], "ü": "\u0000"})
    (back,) = decode_segment(encode_segment([row], RECIPE))

    assert back == row
    assert list(back.record or ()) == ["z", "a", "ü"]


def test_text_that_is_no_unicode_is_stored_with_a_replacement_character() -> None:
    (row,) = decode_segment(encode_segment([replace(a_row(0), calls=(a_call(reply="a\ud800b"),))], RECIPE))

    assert row.calls[0].reply == "a\ufffdb"


def test_the_same_rows_are_the_same_bytes() -> None:
    rows = [a_row(slot) for slot in range(10)]

    assert encode_segment(rows, RECIPE) == encode_segment(rows, RECIPE)


def test_a_call_of_another_attempt_is_refused() -> None:
    with pytest.raises(ValueError, match="slot 0, attempt 0"):
        encode_segment([replace(a_row(0), calls=(a_call(0, 1),))], RECIPE)


def test_the_columns_are_those_that_are_documented(blobs: LocalBlobs) -> None:
    segment = write(blobs, [a_row(0)])
    with blobs.open(blob_name(JOB, segment)) as file:
        schema = pq.read_schema(file)

    assert schema.names == [
        *("slot", "attempt", "standing", "seed_row", "recipe", "values", "record", "calls", "checks"),
        *("fingerprints", "reason", "detail", "finished_at"),
    ]
    calls = schema.field("calls").type.value_type
    assert {field.name for field in calls} >= {
        *("step", "kind", "model", "prompt", "reply", "finish_reason", "input_tokens", "output_tokens"),
        *("cached_tokens", "cost_nano", "price_table", "ms"),
    }


def test_the_manifest_s_line_counts_what_the_file_holds(blobs: LocalBlobs) -> None:
    rows = [a_row(0), a_row(1, reason="short"), a_row(2, reason="short"), unfinished(3)]
    segment = write(blobs, rows, an_origin(shard=7, epoch=2, passed=1))
    content = asyncio.run(blobs.read(f"jobs/{JOB}/segments/000007-2-{segment.digest}.parquet"))

    assert (segment.accepted, segment.rejected, segment.unfinished) == (1, 2, 1)
    assert (segment.shard, segment.epoch, segment.passed, segment.bytes) == (7, 2, 1, len(content))
    assert segment.rejects == {"short": 2}
    assert segment.counts == CallCounts(made=4)
    assert segment.sums == sum_calls(call for row in rows for call in row.calls)
    assert segment.spent.billed == 4 * 1234


def test_records_come_in_the_order_of_their_slots_whatever_the_commits_were(blobs: LocalBlobs) -> None:
    late = [a_row(slot) for slot in (1, 3)]
    early = [a_row(slot) for slot in (4, 0, 2)]
    second = [a_row(slot) for slot in (101, 100)]
    segments = (
        write(blobs, second, an_origin(shard=1)),
        write(blobs, [*early, a_row(5, reason="bad"), unfinished(6)]),
        write(blobs, late),
    )

    rows = collect(read_records(blobs, JOB, manifest_of(*segments)))

    assert rows == sorted([*late, *early, *second], key=lambda row: row.slot)


def test_without_lineage_a_record_is_read_alone(blobs: LocalBlobs) -> None:
    row = a_row(0)
    (light,) = collect(read_records(blobs, JOB, manifest_of(write(blobs, [row])), lineage=False))

    assert light == replace(row, values={}, calls=(), checks=(), fingerprints=())


def test_a_withdrawn_record_is_a_reject_and_its_next_attempt_stands(blobs: LocalBlobs) -> None:
    segments = (
        write(blobs, [a_row(0), a_row(1), a_row(2, reason="bad")]),
        write(blobs, [a_row(1, 1), a_row(2, 1)], an_origin(epoch=2, passed=1)),
    )
    manifest = manifest_of(*segments, withdrawn=[(1, 0)])

    assert keys(collect(read_records(blobs, JOB, manifest))) == [(0, 0), (1, 1), (2, 1)]
    rejects = collect(read_rejects(blobs, JOB, manifest))
    assert rejects == [replace(a_row(1), reason="duplicate"), a_row(2, reason="bad")]


def test_unfinished_rows_are_those_of_the_shard_s_open_slots(blobs: LocalBlobs) -> None:
    again = replace(unfinished(1), calls=(a_call(1, step="hint"),))
    segments = (
        write(blobs, [unfinished(0), unfinished(1), a_row(5)]),
        write(blobs, [again, unfinished(2)]),
        write(blobs, [unfinished(100)], an_origin(shard=1)),
    )
    done = SlotSet(0, 100).with_slots([Slot(0)])

    rows = asyncio.run(read_unfinished(blobs, JOB, manifest_of(*segments), ShardNumber(0), done))

    assert rows == [unfinished(1), again, unfinished(2)]


def test_fingerprints_come_by_pass_and_then_by_slot(blobs: LocalBlobs) -> None:
    segments = (
        write(blobs, [a_row(0, 1)], an_origin(epoch=2, passed=1)),
        write(blobs, [a_row(3), a_row(1)], an_origin()),
        write(blobs, [a_row(100), a_row(101)], an_origin(shard=1)),
        write(blobs, [a_row(0), a_row(2, reason="bad")], an_origin()),
    )
    manifest = manifest_of(*segments, withdrawn=[(0, 0), (101, 0)])

    assert collect(read_fingerprints(blobs, JOB, manifest)) == [
        (1, 0, a_row(1).fingerprints),
        (3, 0, a_row(3).fingerprints),
        (100, 0, a_row(100).fingerprints),
        (0, 1, a_row(0, 1).fingerprints),
    ]


def test_bytes_that_changed_since_the_commit_are_never_read(blobs: LocalBlobs, tmp_path: Path) -> None:
    segment = write(blobs, [a_row(0)])
    path = tmp_path / blob_name(JOB, segment)
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(NotFoundError, match="not those that were committed"):
        collect(read_records(blobs, JOB, manifest_of(segment)))


def test_sums_are_by_day_and_model_of_entries_alone() -> None:
    tomorrow = replace(a_call(), at=NOON + timedelta(days=1), certainty="presumed")
    lost = replace(a_call(), certainty="lost")
    today, later = sum_calls([a_call(), tomorrow, lost, a_call().as_lineage()])

    assert (today.day, today.calls, today.spent.billed, today.usage.cached) == ("2026-11-23", 2, 1234, 10)
    assert (later.day, later.calls, later.spent.billed, later.spent.presumed) == ("2026-11-24", 1, 0, 1234)
