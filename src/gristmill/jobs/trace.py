"""How one record came to be: every attempt at its slot, with each call and check."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Literal, TypeAlias

from gristmill.datasets import open_seeds, read_slot
from gristmill.datasets.lineage import call_json, check_json
from gristmill.domain.call import Call
from gristmill.domain.ids import Digest, JobId, Slot
from gristmill.domain.job import Order
from gristmill.domain.json import JsonObject
from gristmill.domain.mark import Mark
from gristmill.domain.record import CheckResult, Row
from gristmill.errors import NotFoundError
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.records import mark_json
from gristmill.ports.blobs import Blobs
from gristmill.ports.store import Manifest

# `withdrawn`: accepted, and later found to be like a record kept before. `unfinished`: calls, and no end yet.
Outcome: TypeAlias = Literal["accepted", "rejected", "withdrawn", "unfinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a slot; `calls` come in their order, each once."""

    attempt: int
    outcome: Outcome
    reason: str | None
    detail: str
    calls: Sequence[Call]
    checks: Sequence[CheckResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that was committed of a slot. `last` is its last row: the record that stands, if one does.

    `seed` is the row it was made from; None without seeds, or when the set is gone.
    """

    slot: Slot
    last: Row
    seed: JsonObject | None
    attempts: Sequence[Attempt]
    mark: Mark | None

    @property
    def status(self) -> Outcome:
        """How the last attempt ended."""
        return self.attempts[-1].outcome


async def read_trace(ports: BrowsePorts, job: JobId, slot: Slot) -> Trace:
    """The trace of a slot. Only its shard's segments are read.

    Raises NotFoundError for a slot of which nothing is committed yet.
    """
    order = (await ports.store.read_job(job)).order
    manifest = await ports.store.read_manifest(job)
    shards = await ports.store.list_shards(job)
    shard = next((one.number for one in shards if one.done.first <= slot < one.done.first + one.done.size), None)
    rows = [] if shard is None else await read_slot(ports.blobs, job, manifest, shard, slot)
    if not rows:
        raise NotFoundError(f"Nothing is known of slot {slot} of job {job} yet.")
    attempts = [_attempt(list(ones), manifest) for _, ones in groupby(rows, attrgetter("attempt"))]
    marks = await ports.store.read_marks(job, first=slot, last=slot)
    return Trace(
        slot=slot,
        last=_last(rows),
        seed=await asyncio.to_thread(_read_seed, ports.blobs, order, _last(rows).seed_row),
        attempts=attempts,
        mark=marks[0] if marks else None,
    )


def trace_json(trace: Trace) -> JsonObject:
    """The Trace shape."""
    return {
        "slot": trace.slot,
        "status": trace.status,
        "record": trace.last.record,
        "seed_row": trace.last.seed_row,
        "seed": trace.seed,
        "values": trace.last.values,
        "attempts": [_attempt_json(attempt) for attempt in trace.attempts],
        "mark": mark_json(trace.mark),
    }


def _read_seed(blobs: Blobs, order: Order, row: int | None) -> JsonObject | None:
    sets: dict[str, Digest] = {name: digest for name, digest in order.seeds.items() if not name}
    if row is None or not sets:
        return None
    try:
        with open_seeds(sets, blobs) as readers:
            return readers[""].row(row)
    except NotFoundError:
        return None


def _last(rows: Sequence[Row]) -> Row:
    """The row that ended the last attempt, or what there is of it."""
    return max(rows, key=lambda row: (row.attempt, row.is_accepted or row.is_reject))


def _attempt(rows: Sequence[Row], manifest: Manifest) -> Attempt:
    row = _last(rows)
    reason = manifest.reasons.get((row.slot, row.attempt)) if row.is_accepted else row.reason
    return Attempt(
        attempt=row.attempt,
        outcome=_outcome(row, reason),
        reason=reason,
        detail=row.detail,
        calls=_once(call for one in rows for call in one.calls),
        checks=row.checks,
    )


def _outcome(row: Row, reason: str | None) -> Outcome:
    if row.is_accepted:
        return "accepted" if reason is None else "withdrawn"
    return "unfinished" if reason is None else "rejected"


def _once(calls: Iterable[Call]) -> Sequence[Call]:
    """A call stands in an unfinished row, and again in the row that its attempt ended with."""
    known = {replace(call, entry=True): None for call in calls}
    return sorted(known, key=attrgetter("at"))


def _attempt_json(attempt: Attempt) -> JsonObject:
    return {
        "attempt": attempt.attempt,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "detail": attempt.detail,
        "calls": [call_json(call) for call in attempt.calls],
        "checks": [check_json(check) for check in attempt.checks],
    }
