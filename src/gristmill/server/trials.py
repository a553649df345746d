"""A source looked at before it is kept: what is wrong with it, its draws and prompts, and a few records made of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gristmill.datasets import StoredSeeds
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.errors import Finding
from gristmill.jobs.control import find_job
from gristmill.jobs.create import create_job, read_order
from gristmill.jobs.preview import SlotPreview, plan_draws, preview_slots
from gristmill.jobs.report import JobReport
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import check_sets, open_sets, refuse_unknown_sets
from gristmill.jobs.trial import await_job, trial_items
from gristmill.library.completing import complete_source
from gristmill.ports.blobs import Blobs
from gristmill.recipes import Recipe, compile_template
from gristmill.server.caller import Caller
from gristmill.server.orders import Trial, find_seeds, request_of_trial
from gristmill.wiring.chance import new_chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A job that somebody waits for, as it stands, and the Preview shape of each attempt committed so far."""

    report: JobReport
    items: Sequence[JsonObject]


async def lint_source(source: str, seeds: Mapping[str, str] | None, caller: Caller) -> Sequence[Finding]:
    """What is wrong or doubtful about a source, and about seed sets for it, ids by name. Nothing is kept.

    Raises NotFoundError for seeds that are not the caller's, and InvalidSeedsError for those that nothing draws from.
    """
    service = caller.service
    completed = await complete_source(source, caller.user, service.store)
    found = await service.renderer.lint(completed.source)
    if seeds is None or any(finding.severity == "error" for finding in found):
        return found
    recipe = compile_template(completed.source)
    sets = await find_seeds(seeds, caller)
    refuse_unknown_sets(recipe, sets)
    return [*found, *await asyncio.to_thread(_check_stored, recipe, sets, service.blobs)]


async def preview_trial(trial: Trial, caller: Caller) -> Sequence[SlotPreview]:
    """A trial's records as they would be drawn and rendered, without a call.

    Refuses what an order of it would be refused for, but for its budget.
    """
    ports = await caller.service.job_ports(caller.user)
    request = await request_of_trial(trial, caller)
    planned = await read_order(request, ports)
    return await preview_slots(planned.recipe, planned.order, request, ports, n=trial.records)


async def draw_trial(trial: Trial, caller: Caller, *, first: int) -> Sequence[SlotPreview]:
    """A trial's slots from `first` on, of a source that lints clean, whatever its models are and whether they answer.

    Raises NotFoundError, and InvalidSeedsError for seeds that lack what the prompts need.
    """
    ports = await caller.service.job_ports(caller.user)
    request = await request_of_trial(trial, caller)
    recipe = compile_template(request.template)
    order = await asyncio.to_thread(plan_draws, recipe, request, ports)
    return await preview_slots(recipe, order, request, ports, n=trial.records, first=first)


async def make_trial(trial: Trial, caller: Caller, *, seconds: float, job: JobId | None = None) -> Tried:
    """Make a trial's records, as a job with a budget of its own; it goes on when the time is over."""
    return await make_and_await(await request_of_trial(trial, caller, job=job), caller, seconds=seconds)


async def make_and_await(request: JobRequest, caller: Caller, *, seconds: float) -> Tried:
    """A new job, once it has ended or the time is over. Raises what `create_job` raises."""
    ports = await caller.service.job_ports(caller.user)
    made = await create_job(request, ports, chance=new_chance())
    report = await await_job(ports, made.id, seconds=seconds)
    return Tried(report=report, items=await trial_items(report.job, ports))


async def read_trial(job: JobId, caller: Caller, *, seconds: float = 0) -> Tried:
    """A trial that was begun, once it has ended or the time is over. Raises NotFoundError for another's."""
    ports = await caller.service.job_ports(caller.user)
    found = await find_job(ports.store, caller.user, job)
    report = await await_job(ports, found.id, seconds=seconds)
    return Tried(report=report, items=await trial_items(report.job, ports))


def _check_stored(recipe: Recipe, sets: Mapping[str, StoredSeeds], blobs: Blobs) -> Sequence[Finding]:
    with open_sets(sets, blobs) as readers:
        return check_sets(recipe, readers)
