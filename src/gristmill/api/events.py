"""A job's history as server-sent events: what is stored, from where the reader left off, and progress meanwhile."""

import asyncio
from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from gristmill.domain.event import Event
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.jobs.report import JobReport, read_report, report_json
from gristmill.ports.clock import Clock
from gristmill.ports.store import Store

# Nobody reads faster, and a store is asked no more often for each who watches.
LOOK_SECONDS = 0.5


async def follow_events(store: Store, clock: Clock, job: JobId, after: int) -> AsyncIterator[ServerSentEvent]:
    """Stored events above `after`, in order, with `progress` when it changed; ends with the job's last event.

    Only stored events have an id: after a break they are the ones that are sent again.
    """
    shown: JobReport | None = None
    while True:
        # The report first: events written meanwhile come in the next round, and none after the last.
        report = await read_report(store, clock, job)
        if shown is None or (report.job, report.totals) != (shown.job, shown.totals):
            yield _progress(report, after)
            shown = report
        while events := await store.read_events(job, after=after):
            for event in events:
                yield _stored(event)
            after = events[-1].sequence
        if report.job.has_ended:
            return
        await asyncio.sleep(LOOK_SECONDS)


def event_json(event: Event) -> JsonObject:
    """The Event shape."""
    return {
        "sequence": event.sequence,
        "at": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "job": event.job,
        "type": event.type,
        **event.fields,
    }


def _stored(event: Event) -> ServerSentEvent:
    return ServerSentEvent(data=event_json(event), event=event.type, id=str(event.sequence))


def _progress(report: JobReport, sequence: int) -> ServerSentEvent:
    at = report.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    shape = report_json(report)
    return ServerSentEvent(
        data={"sequence": sequence, "at": at, "job": report.job.id, "type": "progress", **_without_id(shape)},
        event="progress",
    )


def _without_id(shape: JsonObject) -> JsonObject:
    return {name: value for name, value in shape.items() if name not in {"id", "name", "kind", "template"}}
