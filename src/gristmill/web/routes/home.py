"""Home: what runs, what was made, what it cost, and where a newcomer begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from gristmill.domain.ids import JobId
from gristmill.domain.job import ENDED, JobKind, JobStatus
from gristmill.errors import UnknownModelError
from gristmill.jobs.costs import stats_json
from gristmill.jobs.report import JobReport, report_json, report_on
from gristmill.library.starters import STARTERS
from gristmill.ports.templates import TemplateQuery
from gristmill.server.caller import Caller
from gristmill.web.home.spending import read_allowance, spending_of
from gristmill.web.home.trying import order_first, why_not
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor

router = APIRouter()

RECENT: Final = 8
MOST_RUNNING: Final = 20
LIVE: Final = frozenset(JobStatus) - ENDED
# Previews and tests of models are over before anybody looks for them here.
KINDS: Final[frozenset[JobKind]] = frozenset({"dataset", "pilot", "seeds"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What runs, how many seconds each will take if that can be told, and what was made last."""

    running: Sequence[JobReport]
    left: Mapping[JobId, object]
    recent: Sequence[JobReport]
    at: datetime


@router.get("/")
async def show_home(request: Request, caller: Visitor) -> Response:
    """The first page of somebody who is logged in."""
    costs = await caller.service.store.read_costs(caller.user)
    if not any(one.kind in KINDS for one in costs):
        return await _first_run(request, caller)
    now = await _read_now(caller)
    return render(
        request,
        "home.html",
        now=now,
        stats=stats_json(costs),
        spending=spending_of(costs, now.at),
        allowance=await read_allowance(caller, costs),
    )


@router.get("/now")
async def show_now(request: Request, caller: Visitor) -> Response:
    """The part of the home page that changes while something runs."""
    return render(request, "parts/now.html", now=await _read_now(caller))


@router.post("/try")
async def try_first(request: Request, caller: Visitor) -> Response:
    """Make the first records, and lead to their job."""
    try:
        job = await order_first(caller)
    except UnknownModelError as error:
        return await _first_run(request, caller, wrong=str(error))
    return go_to(f"/jobs/{job.id}", "job-created")


async def _first_run(request: Request, caller: Caller, *, wrong: str = "") -> Response:
    store, user = caller.service.store, caller.user
    query = TemplateQuery(limit=1)
    return render(
        request,
        "welcome.html",
        status=422 if wrong else 200,
        starters=list(STARTERS.values()),
        has_template=bool((await store.list_templates(user, query)).items),
        has_seeds=bool((await store.list_seeds(user, limit=1)).items),
        why_not=wrong or await why_not(caller),
        wrong=wrong,
    )


async def _read_now(caller: Caller) -> Now:
    service, user = caller.service, caller.user
    live = await service.store.list_jobs(owner=user, kind=None, statuses=LIVE, limit=MOST_RUNNING)
    ended = await service.store.list_jobs(owner=user, statuses=ENDED, limit=RECENT)
    running = await report_on(service.store, service.clock, [job for job in live if job.kind in KINDS])
    return Now(
        running=running,
        left={report.job.id: report_json(report)["eta_seconds"] for report in running},
        recent=await report_on(service.store, service.clock, ended),
        at=service.clock.now(),
    )
