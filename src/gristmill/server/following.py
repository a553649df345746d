"""A job followed by somebody: what is stored of its history, from where they left off, and how it stands meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gristmill.domain.event import Event
from gristmill.domain.ids import JobId
from gristmill.jobs.report import JobReport, read_report
from gristmill.ports.clock import Clock
from gristmill.ports.store import Store

# Nobody reads faster, and a store is asked no more often for each who watches.
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a job showed: how it stands where that changed, or else events that are new; never neither.

    `through` is the sequence of the last event that was told, this look's included.
    """

    report: JobReport | None = None
    events: Sequence[Event] = ()
    through: int


async def follow_job(store: Store, clock: Clock, job: JobId, after: int) -> AsyncIterator[Look]:
    """Stored events above `after`, in order, and how the job stands when that changed; ends with its last event."""
    shown: JobReport | None = None
    while True:
        # The report first: events written meanwhile come in the next round, and none after the last.
        report = await read_report(store, clock, job)
        if shown is None or (report.job, report.totals) != (shown.job, shown.totals):
            yield Look(report=report, through=after)
            shown = report
        while events := await store.read_events(job, after=after):
            if events[-1].type == "end" and not report.job.has_ended:
                # It ended since the look at it: how it stands then is told before its end.
                report = shown = await read_report(store, clock, job)
                yield Look(report=report, through=after)
            after = events[-1].sequence
            yield Look(events=events, through=after)
        if report.job.has_ended:
            return
        await asyncio.sleep(LOOK_SECONDS)
