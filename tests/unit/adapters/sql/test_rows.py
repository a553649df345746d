"""Rows give back exactly the values they were made of."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import RowMapping

from gristmill.adapters.sql import rows
from gristmill.domain.ids import SIFTING, Digest, Epoch, JobId, Slot, WorkerId, WriteId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease, Loss, Shard
from gristmill.domain.slots import SlotSet
from support.stores import NOON, a_job, a_progress, a_segment

FIRST, SIZE = 4096, 300
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MONEY = st.integers(0, 2**62).map(NanoUsd)
SPENT = st.builds(Spent, billed=MONEY, presumed=MONEY)
COUNTS = st.integers(0, 2**31 - 1)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
BITMAPS = st.integers(0, 2**SIZE - 1).map(lambda bits: SlotSet(FIRST, SIZE, bits))
ATTEMPTS = st.dictionaries(st.integers(FIRST, FIRST + SIZE - 1).map(Slot), COUNTS, max_size=5)
LEASES = st.builds(
    Lease,
    job=st.just(JobId("job")),
    shard=st.just(SIFTING),
    worker=WORDS.map(WorkerId),
    epoch=COUNTS.map(Epoch),
    position=COUNTS,
    ttl_seconds=st.floats(0, 1e6),
    done=BITMAPS,
    attempts=ATTEMPTS,
    block=MONEY,
    spent=SPENT,
    passed=COUNTS,
    stopping=st.booleans(),
)
LOSSES = st.builds(Loss, epoch=COUNTS, worker=WORDS, amount=MONEY, spent=SPENT, settled=COUNTS, is_final=st.booleans())
SHARDS = st.builds(
    Shard,
    job=st.just(JobId("job")),
    number=st.just(SIFTING),
    done=BITMAPS,
    accepted=COUNTS,
    attempts=ATTEMPTS,
    epoch=COUNTS.map(Epoch),
    position=COUNTS,
    worker=st.none() | WORDS.map(WorkerId),
    expires_at=st.none() | TIMES,
    block=MONEY,
    spent=SPENT,
    settled=COUNTS,
    past=SPENT,
    losses=st.lists(LOSSES, max_size=3).map(tuple),
    passed=COUNTS,
    last_write=st.none() | WORDS.map(WriteId),
    last_answer=st.none() | LEASES,
)


@given(SHARDS)
def test_a_shard_survives_its_row(shard: Shard) -> None:
    assert rows.decode_shard(as_row(rows.encode_shard(shard))) == shard


@given(TIMES)
def test_a_time_survives_to_the_microsecond(at: datetime) -> None:
    assert rows.decode_time(rows.encode_time(at)) == at


def test_a_job_survives_its_row() -> None:
    ended = replace(
        a_job(),
        status=JobStatus.PAUSED,
        stop=StopReason.PAUSED,
        detail="by the user",
        sifted=Digest("seen"),
        started_at=NOON,
        finished_at=NOON,
    )
    for job in (a_job(sifts=True), ended):
        assert rows.decode_job(as_row({**rows.encode_job(job), "cap": job.budget})) == job


def test_a_segment_survives_its_row() -> None:
    lease = Lease(
        job=JobId("job"),
        shard=SIFTING,
        worker=WorkerId("w"),
        epoch=Epoch(3),
        position=1,
        ttl_seconds=30.0,
        done=SlotSet(0, 8),
    )
    segment = a_segment(lease, "s", a_progress([1, 2], [3]), spent=NanoUsd(9))
    assert rows.decode_segment(as_row(rows.encode_segment(segment))) == segment


def as_row(columns: rows.Columns) -> RowMapping:
    return cast("RowMapping", columns)
