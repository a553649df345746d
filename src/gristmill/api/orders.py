"""From what an order brings to what the use cases take: its template whole, its seed sets and models found."""

from gristmill.api.service import Caller
from gristmill.api.shapes import JobIn, OrderIn
from gristmill.datasets import StoredSeeds
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId, TemplateId
from gristmill.jobs.pilot import MOST_PILOT_RECORDS
from gristmill.jobs.request import JobRequest
from gristmill.library.completing import complete_version
from gristmill.recipes.rewriting import with_checks


async def request_of(order: OrderIn, caller: Caller, *, job: JobId | None = None) -> JobRequest:
    """The request an order stands for. Raises NotFoundError for what is not the caller's to use."""
    store, user = caller.service.store, caller.user
    version = await store.read_version(user, TemplateId(order.template), order.version)
    source = await complete_version(version, user, store)
    is_pilot = isinstance(order, JobIn) and order.kind == "pilot"
    return JobRequest(
        id=job,
        owner=user,
        name=order.name if isinstance(order, JobIn) else "",
        kept=version.ref,
        kind="pilot" if is_pilot else "dataset",
        template=source if order.checks is None else with_checks(source, order.checks),
        records=min(order.records, MOST_PILOT_RECORDS) if is_pilot else order.records,
        spread_over=order.records if is_pilot else None,
        seeds=await find_seeds(order.seed_ids, caller),
        aliases=await find_aliases(order.models, caller),
        chosen=frozenset(order.models),
        budget=order.budget,
        random_seed=order.random_seed,
        is_trusted=False,
        is_linted=order.checks is None,
    )


async def find_seeds(ids: dict[str, str], caller: Caller) -> dict[str, StoredSeeds]:
    """The caller's seed sets by the names that a template gives them. Raises NotFoundError."""
    found = {name: await caller.service.store.read_seeds(caller.user, Digest(key)) for name, key in ids.items()}
    return {name: StoredSeeds(digest=line.digest, rows=line.rows) for name, line in found.items()}


async def find_aliases(models: dict[str, str], caller: Caller) -> dict[str, ModelName]:
    """What the names of models stand for: as this order says, else as the caller's settings do."""
    own = {name: ModelName(model) for name, model in models.items()}
    return {**await caller.service.aliases(caller.user), **own}
