"""The records of a job: listed, searched, traced, marked, and what they cost."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from gristmill.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from gristmill.api.problems import problem_responses
from gristmill.api.record_shapes import (
    LedgerShape,
    MarksIn,
    RecordShape,
    RejectsShape,
    StatisticsShape,
    TraceShape,
)
from gristmill.api.routes.jobs import ReadJob, WrittenJob
from gristmill.api.service import Reader, Writer
from gristmill.domain.ids import JobId, Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.mark import Opinion
from gristmill.jobs.ledger import ledger_json, read_ledger
from gristmill.jobs.marks import mark_records
from gristmill.jobs.records import RecordQuery, Status, filter_of, list_records, record_json, search_records
from gristmill.jobs.rejects import group_rejects, rejects_json
from gristmill.jobs.statistics import read_statistics, statistics_json
from gristmill.jobs.trace import read_trace, trace_json
from gristmill.server.caller import Caller

router = APIRouter(prefix="/jobs/{id}", tags=["records"])

LINES = "application/x-ndjson"
LISTED = "A page of records; or, where `Accept` asks for it, each record that matches as JSON on a line of its own."
FIELD = "field."
READ = problem_responses(401, 403, 404)

SlotPath = Annotated[int, Path(ge=0, le=2**31 - 1, description="The record's place, from 0.")]
Text = Annotated[str | None, Query(max_length=1_000)]


@router.get(
    "/records",
    response_model=Page[RecordShape],
    responses={**READ, 200: {"description": LISTED, "content": {LINES: {"schema": {"type": "string"}}}}},
)
async def browse_records(  # noqa: PLR0917 - each is a parameter of the query
    job: ReadJob,
    caller: Reader,
    request: Request,
    q: Text = None,
    status: Status = "accepted",
    reason: Text = None,
    score_min: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    mark: Opinion | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    accept: Annotated[str, Header(max_length=1_000, include_in_schema=False)] = "",
) -> Any:  # noqa: ANN401 - a page, or a stream of lines
    """Records in the order of their slots; `field.PATH=VALUE` asks for a field of the record, and may be given again.

    With `Accept: application/x-ndjson` every record that matches comes as a line of JSON, each as soon as it is found,
    until the search ends or the connection is closed. A page may be short, even empty, and yet not the last.
    """
    fields = {name.removeprefix(FIELD): value for name, value in request.query_params.items() if name.startswith(FIELD)}
    query = RecordQuery(status=status, reason=reason, score_min=score_min, fields=fields, mark=mark, text=q)
    ports = caller.service.browse_ports
    if LINES in accept:
        filter_of(query)
        return StreamingResponse(_lines(caller, job.id, query), media_type=LINES)
    page = await list_records(ports, job.id, query, limit=limit, cursor=cursor)
    return {"items": [record_json(item) for item in page.items], "next_cursor": page.next_cursor}


@router.get("/records/{slot}", response_model=TraceShape, responses=READ)
async def show_trace(job: ReadJob, caller: Reader, slot: SlotPath) -> JsonObject:
    """How one record came to be: its seed, every attempt, each call and check."""
    return trace_json(await read_trace(caller.service.browse_ports, job.id, Slot(slot)))


@router.put("/marks", status_code=204, responses=problem_responses(401, 403, 404))
async def mark_slots(job: WrittenJob, marks: MarksIn, caller: Writer) -> Response:
    """Mark records as good or bad, with a note; null takes marks away."""
    await mark_records(caller.service.browse_ports, job.id, marks.slots, marks.mark, marks.note)
    return Response(status_code=204)


@router.get("/rejects", response_model=RejectsShape, responses=READ)
async def show_rejects(job: ReadJob, caller: Reader) -> JsonObject:
    """Why attempts were rejected: how often for each reason, and the first few."""
    return rejects_json(await group_rejects(caller.service.browse_ports, job.id))


@router.get("/ledger", response_model=LedgerShape, responses=READ)
async def show_ledger(job: ReadJob, caller: Reader, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> JsonObject:
    """What each call cost, in the order of commits; `totals` are of the whole ledger."""
    return ledger_json(await read_ledger(caller.service.browse_ports, job.id, limit=limit, cursor=cursor))


@router.get("/statistics", response_model=StatisticsShape, responses=READ)
async def show_statistics(job: ReadJob, caller: Reader) -> JsonObject:
    """What the records are like: lengths and labels of their fields, duplicates and rejects."""
    return statistics_json(await read_statistics(caller.service.browse_ports, job.id))


async def _lines(caller: Caller, job: JobId, query: RecordQuery) -> AsyncIterator[bytes]:
    async with aclosing(search_records(caller.service.browse_ports, job, query)) as found:
        async for item in found:
            yield orjson.dumps(record_json(item), option=orjson.OPT_APPEND_NEWLINE)
