"""A job's history as server-sent events: what is stored, from where the reader left off, and progress meanwhile."""

from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from gristmill.domain.event import Event
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.jobs.report import JobReport, report_json
from gristmill.ports.clock import Clock
from gristmill.ports.store import Store
from gristmill.server.following import follow_job


async def follow_events(store: Store, clock: Clock, job: JobId, after: int) -> AsyncIterator[ServerSentEvent]:
    """Stored events above `after`, in order, with `progress` when it changed; ends with the job's last event.

    Only stored events have an id: after a break they are the ones that are sent again.
    """
    async for look in follow_job(store, clock, job, after):
        if look.report is not None:
            yield _progress(look.report, look.through)
        for event in look.events:
            yield _stored(event)


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
