"""Ordering records: everything that can be refused is refused here, before anything is spent."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gristmill.domain.completion import Completion, ModelName
from gristmill.domain.ids import Digest, JobId, Slot
from gristmill.domain.job import Job, Order
from gristmill.domain.money import ZERO, show_usd
from gristmill.domain.pricing import worst_cost
from gristmill.domain.scope import Scope
from gristmill.domain.shard import Shard
from gristmill.domain.sharding import plan_shards, plan_single_slots, spread_slots
from gristmill.errors import BudgetTooSmallError, RenderError, TemplateTooExpensiveError
from gristmill.jobs.calls import first_calls, first_drafts
from gristmill.jobs.draws import draw_scopes
from gristmill.jobs.models import check_aliases, find_models, require_budget, resolve_aliases
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import open_sets, require_seeds
from gristmill.ports.renderer import Renderer
from gristmill.recipes import Recipe, compile_template, refusal_of

ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_job_id(now: datetime, chance: random.Random) -> JobId:
    """An id that sorts by time of creation: the second it was made in, and 40 random bits."""
    return JobId(f"{now:%Y%m%d-%H%M%S}-{''.join(chance.choices(ID_LETTERS, k=8))}")


def job_id_of(now: datetime, name: str) -> JobId:
    """The id of the job that goes by a name of its own: the same time and name give the same id."""
    return new_job_id(now, random.Random(name))  # noqa: S311 - whoever may use the name may know the id


async def create_job(request: JobRequest, ports: JobPorts, *, chance: random.Random) -> Job:
    """Check the order, freeze its models and prices, and write it as a queued job.

    Raises a BadInputError: InvalidTemplateError, InvalidSeedsError, UnknownModelError, UnknownPriceError,
    BudgetRequiredError, or BudgetTooSmallError when the budget does not cover even the first call.
    """
    planned = await read_order(request, ports)
    job = Job(
        id=request.id or new_job_id(ports.clock.now(), chance),
        owner=request.owner,
        name=request.name or planned.order.name,
        template=request.kept,
        kind=request.kind,
        order=planned.order,
        records=request.records,
        budget=request.budget or ZERO,
        created_at=ports.clock.now(),
    )
    await check_budget(planned.recipe, job, request, ports)
    await ports.store.create_job(job, _shards_of(request, job.id))
    return job


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A request's recipe, and the order it stands for."""

    recipe: Recipe
    order: Order


async def read_order(request: JobRequest, ports: JobPorts) -> Planned:
    """The request's recipe and order, read where a hostile template and many seeds hold up nobody else."""
    if not (request.is_trusted or request.is_linted):
        found = await ports.renderer.lint(request.template)
        if any(finding.severity == "error" for finding in found):
            raise refusal_of(found)
    recipe = compile_template(request.template)
    return Planned(recipe=recipe, order=await asyncio.to_thread(plan_order, recipe, request, ports))


def _shards_of(request: JobRequest, job: JobId) -> Sequence[Shard]:
    if request.spread_over is None:
        return plan_shards(job, first_slot=0, records=request.records, first_number=0)
    return plan_single_slots(job, spread_slots(request.records, over=request.spread_over))


def plan_order(recipe: Recipe, request: JobRequest, ports: JobPorts) -> Order:
    """The order a request stands for: seeds checked, models found, the rest at its defaults."""
    check_aliases(recipe, sorted(request.chosen))
    with open_sets(request.seeds, ports.blobs) as sets:
        require_seeds(recipe, sets)
    aliases = resolve_aliases(recipe, request.aliases)
    return Order(
        name=recipe.name,
        template=request.template,
        recipe=recipe.digest,
        seeds=digests_of(request),
        random_seed=request.random_seed or 0,
        aliases=aliases,
        models=find_models(aliases, ports.prices),
        attempt_limit=recipe.attempts.limit,
        sifts=recipe.is_distinct,
        max_in_flight=request.max_in_flight,
    )


def digests_of(request: JobRequest) -> Mapping[str, Digest]:
    """The digest of each seed set of the request."""
    return {name: stored.digest for name, stored in request.seeds.items()}


async def check_budget(recipe: Recipe, job: Job, request: JobRequest, ports: JobPorts) -> None:
    """Raise BudgetRequiredError or BudgetTooSmallError unless the budget can start the job."""
    if request.budget is None:
        require_budget(job.order.models)
        return
    (scope,) = await draw_scopes(recipe, job.order, request.seeds, ports.blobs, [Slot(0)])
    calls = await _first_calls(recipe, scope, job.order.aliases, None if request.is_trusted else ports.renderer)
    least = min((worst_cost(job.order.models[call.model].price, call) for call in calls), default=ZERO)
    if request.budget < least:
        raise BudgetTooSmallError(
            f"A budget of ${show_usd(request.budget)} does not cover the first call, which can cost up to"
            f" ${show_usd(least)}. Give a larger budget, or lower max_tokens in the template."
        )


async def _first_calls(
    recipe: Recipe, scope: Scope, aliases: Mapping[str, ModelName], apart: Renderer | None
) -> Sequence[Completion]:
    # A first row that cannot be rendered is rejected later, alone; the rows behind it may well go through.
    try:
        if apart is None:
            return first_calls(recipe, scope, aliases)
        (drafts,) = await apart.draft(recipe.source, [scope])
    except (RenderError, TemplateTooExpensiveError):
        return []
    return first_drafts(recipe, drafts, aliases)
