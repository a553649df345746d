"""From what an order names to what the use cases take: its template whole, its seed sets and models found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gristmill.datasets import StoredSeeds
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId, TemplateId
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd
from gristmill.jobs.pilot import MOST_PILOT_RECORDS
from gristmill.jobs.request import JobRequest
from gristmill.library.completing import complete_source, complete_version
from gristmill.recipes.rewriting import with_checks
from gristmill.server.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOrder:
    """An order of records, by the ids and names of what it takes.

    `seeds` are ids of seed sets by the names that the template gives them, "" the one that slots go through. `models`
    are what this very order lets the template's models stand for. `checks` stand in place of the template's.
    """

    template: str
    version: int | None = None
    seeds: Mapping[str, str] = field(default_factory=dict)
    records: int
    budget: NanoUsd | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    random_seed: int | None = None
    checks: Sequence[JsonObject] | None = None
    name: str = ""
    is_pilot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A few records of a source that is not kept yet, to be looked at."""

    source: str
    records: int
    seeds: Mapping[str, str] = field(default_factory=dict)
    budget: NanoUsd | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    random_seed: int | None = None


async def request_of(order: NamedOrder, caller: Caller, *, job: JobId | None = None) -> JobRequest:
    """The request an order stands for. Raises NotFoundError for what is not the caller's to use."""
    store, user = caller.service.store, caller.user
    version = await store.read_version(user, TemplateId(order.template), order.version)
    source = await complete_version(version, user, store)
    return JobRequest(
        id=job,
        owner=user,
        name=order.name,
        kept=version.ref,
        kind="pilot" if order.is_pilot else "dataset",
        template=source if order.checks is None else with_checks(source, order.checks),
        records=min(order.records, MOST_PILOT_RECORDS) if order.is_pilot else order.records,
        spread_over=order.records if order.is_pilot else None,
        seeds=await find_seeds(order.seeds, caller),
        aliases=await find_aliases(order.models, caller),
        chosen=frozenset(order.models),
        budget=order.budget,
        random_seed=order.random_seed,
        is_trusted=False,
        is_linted=order.checks is None,
    )


async def request_of_trial(trial: Trial, caller: Caller, *, job: JobId | None = None) -> JobRequest:
    """The request of a preview. Raises NotFoundError for what is not the caller's to use."""
    completed = await complete_source(trial.source, caller.user, caller.service.store)
    return JobRequest(
        id=job,
        owner=caller.user,
        kind="preview",
        template=completed.source,
        records=trial.records,
        seeds=await find_seeds(trial.seeds, caller),
        aliases=await find_aliases(trial.models, caller),
        chosen=frozenset(trial.models),
        budget=trial.budget,
        random_seed=trial.random_seed,
        is_trusted=False,
    )


async def find_seeds(ids: Mapping[str, str], caller: Caller) -> dict[str, StoredSeeds]:
    """The caller's seed sets by the names that a template gives them. Raises NotFoundError."""
    found = {name: await caller.service.store.read_seeds(caller.user, Digest(key)) for name, key in ids.items()}
    return {name: StoredSeeds(digest=line.digest, rows=line.rows) for name, line in found.items()}


async def find_aliases(models: Mapping[str, str], caller: Caller) -> dict[str, ModelName]:
    """What the names of models stand for: as this order says, else as the caller's settings do."""
    own = {name: ModelName(model) for name, model in models.items()}
    return {**await caller.service.aliases(caller.user), **own}
