"""A whole order in one folder: what `gristmill run` and `gristmill.run` do."""

import random
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gristmill.adapters.local import SubprocessExecutor, SystemClock, lock_folder
from gristmill.datasets import PLAIN_READING, SeedReading
from gristmill.domain.completion import ModelName
from gristmill.domain.job import JobKind
from gristmill.domain.money import NanoUsd
from gristmill.domain.pricing import Rates
from gristmill.errors import BadInputError, WorkersDiedError
from gristmill.jobs.export import AnyFormat, ExportOrder, refuse_unmapped
from gristmill.jobs.follow import Follower, StopSwitch, Watch
from gristmill.jobs.models import STARTING_ALIASES, check_aliases
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import JobReport, read_report
from gristmill.jobs.request import JobRequest
from gristmill.jobs.run import Delivery, TakenUp, deliver, take_up
from gristmill.jobs.seeds import keep_seeds, refuse_unknown_sets
from gristmill.jobs.summary import Pace
from gristmill.ports.blobs import Blobs
from gristmill.recipes import compile_template, refusal_of
from gristmill.wiring.library import complete_template
from gristmill.wiring.places import folder_place
from gristmill.wiring.ports import find_prices, open_job_ports
from gristmill.wiring.settings import Settings, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MillOrder:
    """What to make, from what, for how much. `models` stand for the template's names, "" for all of them."""

    template: str
    records: int
    seeds: Mapping[str, Path] = field(default_factory=dict)
    reading: SeedReading = PLAIN_READING
    models: Mapping[str, ModelName] = field(default_factory=dict)
    prices: Mapping[ModelName, Rates] = field(default_factory=dict)
    budget: NanoUsd | None = None
    random_seed: int | None = None
    max_in_flight: int | None = None
    kind: JobKind = "dataset"
    spread_over: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milling:
    """Where an order is milled and how: the folder, the workers, the formats and splits, and who watches."""

    folder: Path
    workers: int = 1
    formats: Sequence[AnyFormat] = ("jsonl",)
    shares: Mapping[str, float] | None = None
    announce: Callable[[TakenUp], None] = lambda _: None
    watch: Watch = lambda _report, _events: None

    def __post_init__(self) -> None:
        """Raise BadInputError when nobody would work."""
        if self.workers < 1:
            raise BadInputError(f"At least one worker must work, not {self.workers}.")


async def request_of(order: MillOrder, settings: Settings, blobs: Blobs) -> JobRequest:
    """The order with its seeds stored and its aliases filled up from the settings."""
    recipe = compile_template(order.template)
    check_aliases(recipe, tuple(order.models))
    refuse_unknown_sets(recipe, order.seeds)
    # A model named for everything is stronger than what the settings say of single aliases.
    own = {name: ModelName(model) for name, model in settings.models.aliases.items()}
    standing = {} if "" in order.models else {**STARTING_ALIASES, **own}
    return JobRequest(
        template=order.template,
        records=order.records,
        seeds=await keep_seeds(order.seeds, blobs, order.reading),
        aliases={**standing, **order.models},
        priced=frozenset(order.prices),
        budget=order.budget,
        random_seed=order.random_seed,
        max_in_flight=order.max_in_flight,
        kind=order.kind,
        spread_over=order.spread_over,
    )


@asynccontextmanager
async def draft(order: MillOrder) -> AsyncIterator[tuple[JobRequest, JobPorts]]:
    """An order that is only looked at: its seeds lie in a folder that is gone afterwards.

    The template is read in a process of its own first: what ends there ends here. Raises InvalidTemplateError.
    """
    settings = read_settings()
    order = await _complete(order)
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        prices = find_prices(settings, order.prices, callable_only=False)
        async with open_job_ports(folder_place(Path(folder)), prices) as ports:
            found = await ports.renderer.lint(order.template)
            if any(finding.severity == "error" for finding in found):
                raise refusal_of(found)
            yield await request_of(order, settings, ports.blobs), ports


async def mill(order: MillOrder, milling: Milling, switch: StopSwitch) -> Delivery:
    """Make the records in the folder, or go on making them, and write exports and summary whatever ended it.

    Raises InUseError when another run holds the folder, what ordering raises, and WorkersDiedError after delivering.
    """
    order = await _complete(order)
    refuse_unmapped(compile_template(order.template), milling.formats)
    settings = read_settings(milling.folder)
    place = folder_place(milling.folder)
    clock = SystemClock()
    lock = lock_folder(place.local, now=clock.now())
    try:
        prices = find_prices(settings, order.prices, callable_only=True)
        async with open_job_ports(place, prices) as ports:
            return await _mill(order, milling, settings, ports, switch)
    finally:
        lock.release()


async def _complete(order: MillOrder) -> MillOrder:
    return replace(order, template=await complete_template(order.template))


async def _mill(
    order: MillOrder, milling: Milling, settings: Settings, ports: JobPorts, switch: StopSwitch
) -> Delivery:
    executor = SubprocessExecutor(milling.folder.absolute())
    follower = Follower(store=ports.store, executor=executor, clock=ports.clock, watch=milling.watch, switch=switch)
    request = await request_of(order, settings, ports.blobs)
    taken = await take_up(request, ports, follower, chance=random.SystemRandom())
    milling.announce(taken)
    before, started = await read_report(ports.store, ports.clock, taken.job.id), ports.clock.monotonic()
    try:
        report = await follower.follow(taken.job.id, milling.workers)
    except WorkersDiedError:
        report = await read_report(ports.store, ports.clock, taken.job.id)
        await _deliver(order, milling, ports, report, before=before, started=started)
        raise
    return await _deliver(order, milling, ports, report, before=before, started=started)


async def _deliver(
    order: MillOrder, milling: Milling, ports: JobPorts, report: JobReport, *, before: JobReport, started: float
) -> Delivery:
    pace = _pace(before, report, seconds=ports.clock.monotonic() - started)
    # The template as it is now: an `export` key that came later counts for what was made before.
    recipe = compile_template(order.template)
    orders = [ExportOrder(format=fmt, recipe=recipe, shares=milling.shares) for fmt in milling.formats]
    return await deliver(report, ports, folder=milling.folder.absolute(), orders=orders, pace=pace)


def _pace(before: JobReport, after: JobReport, *, seconds: float) -> Pace:
    job = after.job
    if before.job.has_ended and job.started_at and job.finished_at:
        # Nothing was left to do: tell of the run that did it.
        return Pace(seconds=(job.finished_at - job.started_at).total_seconds(), accepted=after.totals.accepted)
    return Pace(seconds=seconds, accepted=after.totals.accepted - before.totals.accepted)
