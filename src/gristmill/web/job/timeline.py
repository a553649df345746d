"""What happened to a job, in a line for each thing: newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gristmill.domain.event import Event
from gristmill.domain.export import Export, ExportStatus
from gristmill.domain.job import StopReason
from gristmill.web.formats import Formats

STATES: Final[Mapping[str, str]] = {
    "queued": "Queued",
    "running": "Started",
    "sifting": "All slots are done: looking for duplicates",
    "paused": "Paused",
    "cancelled": "Cancelled",
    "budget_exhausted": "Stopped: the budget is used up",
    "failed": "Failed",
    "completed": "Completed",
    "short": "Ended short of what was asked",
}
STOPS: Final[Mapping[str, str]] = {
    StopReason.PAUSED: "Asked to pause; calls in flight finish",
    StopReason.CANCELLED: "Asked to stop for good; calls in flight finish",
    StopReason.BUDGET_EXHAUSTED: "No next call fits into the budget; calls in flight finish",
    StopReason.FAILED: "Gives up; calls in flight finish",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened. `status` colours it as a badge of that name, `more` are somebody else's words."""

    at: datetime
    status: str
    words: str
    more: str = ""


def tell_history(events: Sequence[Event], exports: Sequence[Export], f: Formats) -> Sequence[Line]:
    """Lines for what was written down of a job, and for its exports; newest first."""
    told = [line for event in events for line in _of_event(event, f)]
    made = [line for export in exports for line in _of_export(export, f)]
    # Stable: what happened within one millisecond stays in its order.
    return sorted((*told, *made), key=lambda line: line.at)[::-1]


def _of_event(event: Event, f: Formats) -> Iterator[Line]:
    fields = event.fields
    match event.type:
        case "state":
            yield _of_state(event, f)
        case "money":
            yield Line(at=event.at, status="money", words=f"Budget set to {f.usd(str(fields['budget_usd']))}")
        case "warning":
            yield Line(at=event.at, status="warning", words="Warning", more=str(fields.get("message", "")))
        case _:
            # Its end is told by the state it ended in.
            return


def _of_state(event: Event, f: Formats) -> Line:
    fields, status = event.fields, str(event.fields["status"])
    if records := fields.get("records"):
        words = f"Extended to {f.number(int(str(records)))} records"
        return Line(at=event.at, status="queued", words=words)
    detail = str(fields.get("detail") or "")
    if status == "stopping":
        return Line(at=event.at, status=status, words=STOPS.get(str(fields.get("reason")), "Stopping"), more=detail)
    more = detail if status == "failed" else ""
    return Line(at=event.at, status=status, words=STATES.get(status, status), more=more)


def _of_export(export: Export, f: Formats) -> Iterator[Line]:
    name = export.wish.format
    if export.status is ExportStatus.DONE and export.file and export.finished_at:
        words = f"Exported {f.number(export.file.records)} records as {name}"
        yield Line(at=export.finished_at, status="done", words=words)
    elif export.status is ExportStatus.FAILED and export.finished_at:
        yield Line(at=export.finished_at, status="failed", words=f"The export as {name} failed", more=export.detail)
    else:
        yield Line(at=export.created_at, status=export.status, words=f"Asked for an export as {name}")
