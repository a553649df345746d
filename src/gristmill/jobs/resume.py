"""The same order given again: it continues the job; other inputs are refused with the difference."""

import difflib
from collections.abc import Iterable, Iterator

from gristmill.domain.job import Job, JobStatus
from gristmill.domain.sharding import plan_shards
from gristmill.errors import ChangedInputsError
from gristmill.jobs.create import digests_of
from gristmill.jobs.models import find_models, resolve_aliases
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.recipes import compile_template

MOST_LINES = 20


async def last_job(ports: JobPorts) -> Job | None:
    """The newest job that makes a dataset, or None."""
    return next(iter(await ports.store.list_jobs(limit=1)), None)


async def continue_job(job: Job, request: JobRequest, ports: JobPorts) -> Job:
    """Take up a job where it stands: more records extend it, another budget is set, and an ended one is resumed.

    Raises ChangedInputsError, with one line for each difference, when the request is another order, and
    BudgetTooSmallError when the new budget is below what was already granted. The job must not be stopping.
    """
    refuse_changes(find_changes(job, request, ports))
    grows = request.records > job.records
    if grows:
        shards = await ports.store.list_shards(job.id)
        more = plan_shards(job.id, first_slot=job.records, records=request.records, first_number=len(shards))
        job = await ports.store.extend_job(job.id, request.records, more)
    tops_up = request.budget is not None and request.budget != job.budget
    if request.budget is not None and tops_up:
        job = await ports.store.set_budget(job.id, request.budget)
    return await ports.store.resume_job(job.id) if grows or _may_go_on(job, tops_up=tops_up) else job


def refuse_changes(changes: Iterable[str]) -> None:
    """Raise ChangedInputsError when there is any."""
    lines = "\n".join(f"  {line}" for line in changes)
    if lines:
        raise ChangedInputsError(
            f"The job in this folder was made from other inputs:\n{lines}\n"
            "Use the same inputs to continue it, or another --out for a new job."
        )


def find_changes(job: Job, request: JobRequest, ports: JobPorts) -> Iterator[str]:
    """One line for each way in which the request is not the job's order."""
    order = job.order
    recipe = compile_template(request.template)
    if recipe.digest != order.recipe:
        yield f"template: {order.name} ({order.recipe[:12]}) is now {recipe.name} ({recipe.digest[:12]})"
        yield from _text_changes(order.template, request.template)
    seeds = digests_of(request)
    for name in sorted({*order.seeds, *seeds}):
        if order.seeds.get(name) != seeds.get(name):
            label = f"seeds {name}" if name else "seeds"
            yield f"{label}: {_short(order.seeds.get(name))} are now {_short(seeds.get(name))}"
    if request.random_seed is not None and request.random_seed != order.random_seed:
        yield f"random seed: {order.random_seed} is now {request.random_seed}"
    if request.records < job.records:
        yield f"records: {job.records} is now {request.records} (more is fine, less is another job)"
    if recipe.digest == order.recipe:
        yield from _model_changes(job, request, ports)


def _model_changes(job: Job, request: JobRequest, ports: JobPorts) -> Iterator[str]:
    recipe = compile_template(request.template)
    aliases = resolve_aliases(recipe, request.aliases)
    for name, model in aliases.items():
        if job.order.aliases.get(name) != model:
            yield f"model {name}: {job.order.aliases.get(name)} is now {model}"
    priced = {name: model for name, model in aliases.items() if model in request.priced and model in job.order.models}
    for model, found in find_models(priced, ports.prices).items():
        if found.price.rates != job.order.models[model].price.rates:
            yield f"price of {model}: it was frozen into the job when it was made, and is now another"


def _text_changes(before: str, after: str) -> Iterator[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
    yield from (f"  {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"  … and {len(lines) - MOST_LINES} more lines"


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"


def _may_go_on(job: Job, *, tops_up: bool) -> bool:
    """Whether running the same command again can make more of an ended job."""
    if not job.has_ended or job.status in {JobStatus.COMPLETED, JobStatus.SHORT}:
        return False
    return job.status is not JobStatus.BUDGET_EXHAUSTED or tops_up
