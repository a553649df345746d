"""Ordering records: everything that can be refused is refused here, before anything is spent."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId, Slot
from gristmill.domain.job import Job, Order
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd, show_usd
from gristmill.domain.pricing import worst_cost
from gristmill.domain.scope import Scope
from gristmill.domain.shard import Shard
from gristmill.domain.sharding import plan_shards, plan_single_slots, spread_slots
from gristmill.errors import BudgetTooSmallError, RenderError, TemplateTooExpensiveError
from gristmill.jobs.calls import first_calls
from gristmill.jobs.draws import open_draws
from gristmill.jobs.models import find_models, require_budget, resolve_aliases
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import open_sets, require_seeds
from gristmill.recipes import Recipe, compile_template

ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_job_id(now: datetime, chance: random.Random) -> JobId:
    """An id that sorts by time of creation: the second it was made in, and 40 random bits."""
    return JobId(f"{now:%Y%m%d-%H%M%S}-{''.join(chance.choices(ID_LETTERS, k=8))}")


async def create_job(request: JobRequest, ports: JobPorts, *, chance: random.Random) -> Job:
    """Check the order, freeze its models and prices, and write it as a queued job.

    Raises a BadInputError: InvalidTemplateError, InvalidSeedsError, UnknownModelError, UnknownPriceError,
    BudgetRequiredError, or BudgetTooSmallError when the budget does not cover even the first call.
    """
    recipe = compile_template(request.template)
    order = plan_order(recipe, request, ports)
    job = Job(
        id=new_job_id(ports.clock.now(), chance),
        owner=request.owner,
        name=request.name or order.name,
        template=request.kept,
        kind=request.kind,
        order=order,
        records=request.records,
        budget=request.budget or ZERO,
        created_at=ports.clock.now(),
    )
    check_budget(recipe, job, request, ports)
    await ports.store.create_job(job, _shards_of(request, job.id))
    return job


def _shards_of(request: JobRequest, job: JobId) -> Sequence[Shard]:
    if request.spread_over is None:
        return plan_shards(job, first_slot=0, records=request.records, first_number=0)
    return plan_single_slots(job, spread_slots(request.records, over=request.spread_over))


def plan_order(recipe: Recipe, request: JobRequest, ports: JobPorts) -> Order:
    """The order a request stands for: seeds checked, models found, the rest at its defaults."""
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


def check_budget(recipe: Recipe, job: Job, request: JobRequest, ports: JobPorts) -> None:
    """Raise BudgetRequiredError or BudgetTooSmallError unless the budget can start the job."""
    if request.budget is None:
        require_budget(job.order.models)
        return
    with open_draws(recipe, job.order, request.seeds, ports.blobs) as draws:
        scope = draws.scope(Slot(0))
    least = _cheapest_start(recipe, scope, job.order.aliases, job.order.models)
    if request.budget < least:
        raise BudgetTooSmallError(
            f"A budget of ${show_usd(request.budget)} does not cover the first call, which can cost up to"
            f" ${show_usd(least)}. Give more with --budget, or lower max_tokens in the template."
        )


def _cheapest_start(
    recipe: Recipe, scope: Scope, aliases: Mapping[str, ModelName], models: Mapping[ModelName, Model]
) -> NanoUsd:
    # A first row that cannot be rendered is rejected later, alone; the rows behind it may well go through.
    try:
        calls = first_calls(recipe, scope, aliases)
    except (RenderError, TemplateTooExpensiveError):
        return ZERO
    return min((worst_cost(models[call.model].price, call) for call in calls), default=ZERO)
