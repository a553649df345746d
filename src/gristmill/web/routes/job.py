"""The page of a job: how it stands, what came of it, and what can be done to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from gristmill.domain.job import Job
from gristmill.domain.money import ZERO
from gristmill.errors import BadInputError, GristmillError
from gristmill.jobs import control
from gristmill.jobs.request import MOST_RECORDS
from gristmill.jobs.statistics import read_statistics
from gristmill.server import controls
from gristmill.server.caller import Caller
from gristmill.server.statuses import status_of
from gristmill.web.job.actions import Action
from gristmill.web.job.page import page_values, sum_by_model
from gristmill.web.job.view import read_view
from gristmill.web.owned import OwnJob
from gristmill.web.page import go_to, render
from gristmill.web.typed import read_usd
from gristmill.web.visitor import Visitor

router = APIRouter()

Typed = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Which action was refused, why, and what was typed for it."""

    action: Action
    words: str
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a form wants done: `act` may say which page to lead to, else it is the job's, where `done` is said."""

    action: Action
    act: Callable[[], Awaitable[object]]
    done: str
    typed: str = ""


@router.get("/jobs/{id}")
async def show_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """A job as it stands; the page goes on by itself while the job does."""
    return await _show(request, caller, job)


@router.get("/jobs/{id}/statistics")
async def show_statistics(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """What the records of a job are like, what was rejected, and what each model cost."""
    view = await read_view(caller.service, job.id)
    statistics = await read_statistics(caller.service.browse_ports, job.id)
    return render(
        request,
        "jobs/statistics.html",
        statistics=statistics,
        models=sum_by_model(statistics.totals),
        **page_values(request, view),
    )


@router.post("/jobs/{id}/pause")
async def pause_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Stop a job so that it can go on later."""
    deed = Deed(action="pause", act=lambda: control.pause(caller.service.store, job.id), done="job-paused")
    return await _do(request, caller, job, deed)


@router.post("/jobs/{id}/cancel")
async def cancel_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Stop a job for good; what it made is kept."""
    deed = Deed(action="cancel", act=lambda: control.cancel(caller.service.store, job.id), done="job-cancelled")
    return await _do(request, caller, job, deed)


@router.post("/jobs/{id}/resume")
async def resume_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Let a paused or ended job go on."""
    deed = Deed(action="resume", act=lambda: control.resume(caller.service.store, job.id), done="job-resumed")
    return await _do(request, caller, job, deed)


@router.post("/jobs/{id}/top-up")
async def top_up_job(request: Request, caller: Visitor, job: OwnJob, budget_usd: Typed = "") -> Response:
    """Set the budget, what is spent included."""

    async def top_up() -> None:
        await controls.top_up_job(caller, job, read_usd(budget_usd.strip()) or ZERO)

    return await _do(request, caller, job, Deed(action="top-up", act=top_up, done="job-topped-up", typed=budget_usd))


@router.post("/jobs/{id}/extend")
async def extend_job(request: Request, caller: Visitor, job: OwnJob, records: Typed = "") -> Response:
    """Let a job make so many records in all."""

    async def extend() -> None:
        await controls.extend_job(caller, job, _count(records, more_than=job.records))

    return await _do(request, caller, job, Deed(action="extend", act=extend, done="job-extended", typed=records))


@router.post("/jobs/{id}/retry-rejects")
async def retry_rejects(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Give the slots that were given up another round of attempts."""

    async def retry() -> None:
        await control.retry_rejects(caller.service.store, caller.service.blobs, job.id)

    return await _do(request, caller, job, Deed(action="retry-rejects", act=retry, done="job-retried"))


@router.post("/jobs/{id}/clone")
async def clone_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Order the same once more, and go to the new job."""

    async def clone() -> str:
        return f"/jobs/{(await controls.clone_job(caller, job)).id}"

    return await _do(request, caller, job, Deed(action="clone", act=clone, done="job-created"))


@router.post("/jobs/{id}/delete")
async def delete_job(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """Remove an ended job with its records and exports."""

    async def delete() -> str:
        await controls.delete_job(caller, job)
        return "/jobs"

    return await _do(request, caller, job, Deed(action="delete", act=delete, done="job-deleted"))


async def _do(request: Request, caller: Caller, job: Job, deed: Deed) -> Response:
    """Do it and lead on, or show the job as it stands with why it was not done."""
    try:
        led = await deed.act()
    except GristmillError as error:
        refusal = Refusal(action=deed.action, words=str(error), typed=deed.typed)
        return await _show(request, caller, job, refusal=refusal, status=status_of(error))
    return go_to(led if isinstance(led, str) else f"/jobs/{job.id}", deed.done)


async def _show(
    request: Request, caller: Caller, job: Job, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    view = await read_view(caller.service, job.id)
    return render(request, "jobs/show.html", status=status, **page_values(request, view, refusal=refusal))


def _count(text: str, *, more_than: int) -> int:
    plain = text.replace(",", "").replace(" ", "")
    if not plain.isascii() or not plain.isdigit() or not more_than < int(plain) <= MOST_RECORDS:
        raise BadInputError(f"Write how many records it shall have in all: a whole number above {more_than:,}.")
    return int(plain)
