"""One record opened: what it says, how it came to be, and what somebody thinks of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from gristmill.domain.ids import Slot
from gristmill.domain.job import Job
from gristmill.errors import BadInputError, GristmillError, NotFoundError
from gristmill.jobs.marks import LONGEST_NOTE, mark_records
from gristmill.jobs.trace import Trace, read_trace
from gristmill.server.statuses import status_of
from gristmill.web.owned import OwnJob
from gristmill.web.page import go_to, render
from gristmill.web.records.trace import show_trace
from gristmill.web.records.view import MOST_SLOT
from gristmill.web.routes.records import MARKS
from gristmill.web.visitor import Visitor

router = APIRouter()

SlotPath = Annotated[int, Path(ge=0, le=MOST_SLOT)]


@router.get("/jobs/{id}/records/{slot}")
async def show_record(request: Request, caller: Visitor, job: OwnJob, slot: SlotPath) -> Response:
    """A record with its seed, every attempt, and each call and check of it."""
    return await _page(request, caller, job, slot)


@router.post("/jobs/{id}/records/{slot}/mark")
async def mark_record(  # noqa: PLR0917 - parts of the form
    request: Request,
    caller: Visitor,
    job: OwnJob,
    slot: SlotPath,
    mark: Annotated[str, Form(max_length=10)] = "",
    note: Annotated[str, Form(max_length=LONGEST_NOTE * 4)] = "",
) -> Response:
    """Mark the record as good or bad, or take its mark away."""
    try:
        if mark not in MARKS:
            raise BadInputError("Choose good or bad.")
        await mark_records(caller.service.browse_ports, job.id, [slot], MARKS[mark], note.strip())
    except GristmillError as error:
        return await _page(request, caller, job, slot, wrong=str(error), note=note, status=status_of(error))
    return go_to(f"/jobs/{job.id}/records/{slot}", "marked")


async def _page(
    request: Request, caller: Visitor, job: Job, slot: int, *, wrong: str = "", note: str = "", status: int = 200
) -> Response:
    if slot >= job.records:
        raise NotFoundError(f"Job {job.id} has no slot {slot}: its slots are 0 to {job.records - 1}.")
    trace = await _find_trace(caller, job, slot)
    mark = trace.mark if trace else None
    return render(
        request,
        "records/record.html" if trace else "records/unmade.html",
        status=status,
        job=job,
        slot=slot,
        shown=show_trace(trace) if trace else None,
        wrong=wrong,
        note=note if wrong else mark.note if mark else "",
    )


async def _find_trace(caller: Visitor, job: Job, slot: int) -> Trace | None:
    try:
        return await read_trace(caller.service.browse_ports, job.id, Slot(slot))
    except NotFoundError:
        return None
