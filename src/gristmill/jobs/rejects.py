"""Why records of a job were rejected: how often for each reason, and what was said of a few."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.domain.listing import START, ListedRow, RecordFilter
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.records import LOOK_SECONDS, RecordItem, record_json
from gristmill.jobs.shown import read_shown
from gristmill.ports.index import Shown

EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectGroup:
    """The rejected attempts of one reason, records withdrawn as duplicates among them, and the first few."""

    reason: str
    count: int
    examples: Sequence[ListedRow]


async def group_rejects(ports: BrowsePorts, job: JobId) -> Sequence[RejectGroup]:
    """The rejects by reason, most frequent first.

    A job that has no index yet is looked through for a moment only: the last groups may then lack examples. Raises
    NotFoundError.
    """
    totals = await ports.store.read_totals(job)
    shown = await read_shown(ports, job)
    deadline = ports.clock.monotonic() + LOOK_SECONDS
    ranked = sorted(totals.rejects.items(), key=lambda group: (-group[1], group[0]))
    return [
        RejectGroup(reason=reason, count=count, examples=await _examples(ports, shown, reason, deadline))
        for reason, count in ranked
    ]


def rejects_json(groups: Sequence[RejectGroup]) -> JsonObject:
    """The groups and what they add up to."""
    return {
        "rejected": sum(group.count for group in groups),
        "reasons": [
            {
                "reason": group.reason,
                "count": group.count,
                "examples": [record_json(RecordItem(row=row, mark=None)) for row in group.examples],
            }
            for group in groups
        ],
    }


async def _examples(ports: BrowsePorts, shown: Shown, reason: str, deadline: float) -> Sequence[ListedRow]:
    rows = list[ListedRow]()
    wanted = RecordFilter(standing="rejected", reason=reason)
    async with aclosing(ports.index.find(shown, wanted, after=START, most=EXAMPLES)) as found:
        while len(rows) < EXAMPLES and ports.clock.monotonic() <= deadline:
            some = await anext(found, None)
            if some is None:
                break
            rows += some.rows
    return rows[:EXAMPLES]
