"""Jobs: ordered, watched, and taken in hand."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gristmill.api.events import follow_events
from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute, job_id_for
from gristmill.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from gristmill.api.problems import problem_responses
from gristmill.api.service import Reader, Writer
from gristmill.api.shapes import EstimateShape, ExtendIn, JobIn, JobShape, OrderIn, TopUpIn
from gristmill.domain.ids import JobId
from gristmill.domain.job import Job, JobKind, JobStatus
from gristmill.domain.json import JsonObject
from gristmill.jobs import control, create
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.estimate import estimate_json, estimate_order
from gristmill.jobs.report import read_report, report_json, report_on
from gristmill.server import controls
from gristmill.server.caller import Caller
from gristmill.server.orders import request_of
from gristmill.server.paging import read_id, refuse_stray

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=IdempotentRoute)

JobPath = Annotated[str, Path(alias="id", max_length=64, description="The job's id.")]
ORDERING = problem_responses(401, 403, 404, 409)
CONTROL = problem_responses(401, 403, 404, 409)


EVENTS = """Messages whose `event` is the type of an event, whose `id` is its sequence, and whose `data` is a JSON
object `{sequence, at, job, type, …}`; `progress` has no id, and a Job's counts. A comment comes every 15 seconds."""
MESSAGE = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string"},
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
EVENT = """event: state
data: {"sequence":2,"at":"2026-11-23T10:15:00.000Z","job":"20261123-101500-k3x9m2qa","type":"state","to":"running"}
id: 2

"""


async def owned_by_reader(caller: Reader, job: JobPath) -> Job:
    """The reader's own job."""
    return await control.find_job(caller.service.store, caller.user, JobId(job))


async def owned_by_writer(caller: Writer, job: JobPath) -> Job:
    """The writer's own job."""
    return await control.find_job(caller.service.store, caller.user, JobId(job))


ReadJob = Annotated[Job, Depends(owned_by_reader)]
WrittenJob = Annotated[Job, Depends(owned_by_writer)]


@router.post("/estimate", response_model=EstimateShape, responses=problem_responses(401, 403, 404))
async def estimate_job(order: OrderIn, caller: Reader) -> JsonObject:
    """Say what an order will cost and how long it will take. Nothing is called, and nothing is spent."""
    ports = await caller.service.job_ports(caller.user)
    request = await request_of(order.order, caller)
    planned = await create.read_order(request, ports)
    return estimate_json(await estimate_order(planned.recipe, planned.order, request, ports))


@router.post("", response_model=JobShape, status_code=201, responses=ORDERING)
async def create_job(order: JobIn, caller: Writer, request: Request, _key: IdempotencyKey = None) -> JsonObject:
    """Order records. Everything that can be refused is refused here, before anything is spent."""
    job = await controls.order_job(caller, await request_of(order.order, caller, job=job_id_for(request)))
    return await shape_of(caller, job.id)


@router.get("", response_model=Page[JobShape], responses=problem_responses(401, 403))
async def list_jobs(
    caller: Reader,
    status: Annotated[list[JobStatus] | None, Query(description="Only those; may be given again.")] = None,
    kind: JobKind = "dataset",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> JsonObject:
    """Your jobs, newest first."""
    after = read_id("jobs", cursor)
    with refuse_stray():
        jobs = await caller.service.store.list_jobs(
            owner=caller.user,
            kind=kind,
            statuses=status or (),
            limit=limit + 1,
            after=JobId(after) if after is not None else None,
        )
    shown = jobs[:limit]
    reports = await report_on(caller.service.store, caller.service.clock, shown)
    items = [report_json(report) for report in reports]
    return {"items": items, "next_cursor": write_cursor("jobs", shown[-1].id) if len(jobs) > limit else None}


@router.get("/{id}", response_model=JobShape, responses=problem_responses(401, 403, 404))
async def show_job(job: ReadJob, caller: Reader) -> JsonObject:
    """A job as it stands."""
    (report,) = await report_on(caller.service.store, caller.service.clock, [job])
    return report_json(report)


@router.delete("/{id}", status_code=204, responses=CONTROL)
async def delete_job(job: WrittenJob, caller: Writer) -> Response:
    """Remove an ended job with its records and exports. What it cost still counts."""
    await controls.delete_job(caller, job)
    return Response(status_code=204)


@router.post("/{id}/pause", response_model=JobShape, responses=CONTROL)
async def pause_job(job: WrittenJob, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Stop a job so that it can go on later; calls in flight finish and are kept."""
    await control.pause(caller.service.store, job.id)
    return await shape_of(caller, job.id)


@router.post("/{id}/resume", response_model=JobShape, responses=CONTROL)
async def resume_job(job: WrittenJob, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Let a paused or ended job go on."""
    await control.resume(caller.service.store, job.id)
    return await shape_of(caller, job.id)


@router.post("/{id}/cancel", response_model=JobShape, responses=CONTROL)
async def cancel_job(job: WrittenJob, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Stop a job; what it made is kept, and can be exported."""
    await control.cancel(caller.service.store, job.id)
    return await shape_of(caller, job.id)


@router.post("/{id}/top-up", response_model=JobShape, responses=CONTROL)
async def top_up_job(job: WrittenJob, budget: TopUpIn, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Set the budget, what is spent included; a job that had used up its budget goes on."""
    await controls.top_up_job(caller, job, budget.nano_usd)
    return await shape_of(caller, job.id)


@router.post("/{id}/extend", response_model=JobShape, responses=CONTROL)
async def extend_job(job: WrittenJob, more: ExtendIn, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Let a job make more records; those it has made stay as they are."""
    await controls.extend_job(caller, job, more.records)
    return await shape_of(caller, job.id)


@router.post("/{id}/retry-rejects", response_model=JobShape, responses=CONTROL)
async def retry_rejects(job: WrittenJob, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Give the records that could not be made another round of attempts, with other draws."""
    await control.retry_rejects(caller.service.store, caller.service.blobs, job.id)
    return await shape_of(caller, job.id)


@router.post("/{id}/clone", response_model=JobShape, status_code=201, responses=ORDERING)
async def clone_job(job: WrittenJob, caller: Writer, request: Request, _key: IdempotencyKey = None) -> JsonObject:
    """Order the same records once more, as a new job: same template, seeds, models, budget and random seed."""
    made = await controls.clone_job(caller, job, job_id=job_id_for(request))
    return await shape_of(caller, made.id)


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses={
        **problem_responses(401, 403, 404),
        200: {
            "description": EVENTS,
            "content": {"text/event-stream": {"schema": MESSAGE, "example": EVENT}},
        },
    },
)
async def follow_job(
    job: ReadJob,
    caller: Reader,
    last_event_id: Annotated[
        str | None, Header(max_length=20, pattern=r"^[0-9]{1,18}$", description="Go on after this event.")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a job: its history from the beginning, or from `Last-Event-ID` on, and its progress; ends with the job."""
    service = caller.service
    async for event in follow_events(service.store, service.clock, job.id, int(last_event_id or 0)):
        yield event


async def shape_of(caller: Caller, job: JobId) -> JsonObject:
    """The Job shape of a job as it stands now."""
    return report_json(await read_report(caller.service.store, caller.service.clock, job))
