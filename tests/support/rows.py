"""Rows, calls and leases as tests of datasets and journals need them."""

from datetime import UTC, datetime

from gristmill.domain.call import Call, Place
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Epoch, JobId, ShardNumber, Slot, WorkerId
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.segment import Origin
from gristmill.domain.shard import Lease
from gristmill.domain.slots import SlotSet
from gristmill.domain.usage import Usage
from gristmill.ports.journal import Start

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = JobId("job-1")


def a_lease(*, shard: int = 0, epoch: int = 1) -> Lease:
    """A lease of a shard of 100 slots."""
    return Lease(
        job=JOB,
        shard=ShardNumber(shard),
        worker=WorkerId("worker-1"),
        epoch=Epoch(epoch),
        position=1,
        ttl_seconds=30,
        done=SlotSet(0, 100),
    )


def an_origin(*, shard: int = 0, epoch: int = 1, passed: int = 0) -> Origin:
    """Where a segment of the job comes from."""
    return Origin(job=JOB, shard=ShardNumber(shard), epoch=Epoch(epoch), passed=passed)


def a_call(slot: int = 0, attempt: int = 0, *, step: str = "answer", reply: str | None = "Yes.") -> Call:
    """A billed call at this place."""
    return Call(
        place=Place(slot=Slot(slot), attempt=attempt, step=step),
        kind="call",
        model=ModelName("test:model"),
        prompt=f'[{{"role":"user","content":"Say {step} of {slot}."}}]',
        reply=reply,
        finish_reason="stop",
        usage=Usage(input=20, output=10, cached=5, cache_written=2, reasoning=1),
        cost=NanoUsd(1234),
        certainty="billed",
        price_table="table-1",
        milliseconds=50,
        at=NOON,
    )


def a_start(number: int, call: Call) -> Start:
    """The start of a call."""
    return Start(
        number=number,
        place=call.place,
        model=call.model,
        prompt=call.prompt,
        worst=NanoUsd(9999),
        price_table=call.price_table,
    )


def a_row(slot: int, attempt: int = 0, *, record: JsonObject | None = None, reason: str | None = None) -> Row:
    """An accepted row, or a reject when there is a reason."""
    return Row(
        slot=Slot(slot),
        attempt=attempt,
        seed_row=slot,
        values={"tone": "terse"},
        record=record if record is not None or reason else {"question": f"Why {slot}?", "answer": "Because."},
        calls=(a_call(slot, attempt),),
        checks=(CheckResult(check="expect", passed=reason is None, value=1.0),),
        fingerprints=(slot * 7919 + attempt,),
        reason=reason,
        finished_at=NOON,
    )


def unfinished(slot: int, attempt: int = 0) -> Row:
    """A row with an answer of a record still in the making."""
    return Row(
        slot=Slot(slot),
        attempt=attempt,
        seed_row=slot,
        values={},
        record=None,
        calls=(a_call(slot, attempt),),
        finished_at=NOON,
    )
