"""The list of a visitor's jobs."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from gristmill.domain.ids import JobId
from gristmill.domain.job import JobKind, JobStatus
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.report import report_json, report_on
from gristmill.server.paging import read_id, refuse_stray
from gristmill.web.page import render
from gristmill.web.visitor import Visitor

router = APIRouter()

PAGE: Final = 50
KINDS: Final[Mapping[JobKind, str]] = {
    "dataset": "Datasets",
    "pilot": "Pilots",
    "preview": "Previews",
    "seeds": "Generated seeds",
    "test": "Model tests",
}


@router.get("/jobs")
async def list_jobs(
    request: Request,
    caller: Visitor,
    status: Annotated[str, Query(max_length=40)] = "",
    kind: JobKind = "dataset",
    cursor: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    """The visitor's jobs of one kind, newest first."""
    chosen = JobStatus(status) if status in set(JobStatus) else None
    store, after = caller.service.store, read_id("jobs", cursor)
    with refuse_stray():
        jobs = await store.list_jobs(
            owner=caller.user,
            kind=kind,
            statuses=[chosen] if chosen else [],
            limit=PAGE + 1,
            after=JobId(after) if after is not None else None,
        )
    reports = await report_on(store, caller.service.clock, jobs[:PAGE])
    return render(
        request,
        "jobs/list.html",
        reports=[(report, report_json(report)) for report in reports],
        kinds=KINDS,
        kind=kind,
        statuses=list(JobStatus),
        chosen=chosen,
        now=caller.service.clock.now(),
        is_live=any(not report.job.has_ended for report in reports),
        cursor=write_cursor("jobs", jobs[PAGE - 1].id) if len(jobs) > PAGE else None,
    )
