"""A whole mill in one folder and one process: real store, blobs and journal, and models a test brings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gristmill.adapters.local import LocalBlobs, LocalJournal, SystemClock
from gristmill.adapters.sql import open_store
from gristmill.datasets import read_records, read_rejects
from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.job import Job, Order
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import NanoUsd
from gristmill.domain.pricing import Price, Rates
from gristmill.domain.record import Row
from gristmill.domain.report import JobTotals
from gristmill.domain.sharding import plan_shards
from gristmill.domain.usage import Usage
from gristmill.ports.models import Models
from gristmill.recipes import compile_template
from gristmill.worker import run_worker
from gristmill.worker.ports import WorkerPorts

MODEL = ModelName("test:model")
FREE = Price(table="test")
NO_LIMITS = Limits()
USED = Usage(input=20, output=10)
PRICED = Price(table="test", rates=Rates(input=NanoUsd(1_000_000_000), output=NanoUsd(4_000_000_000)))
JOB = JobId("job-1")

ONE_STEP = """\
name: one-step
defaults: {model: test:model, max_tokens: 50}
vary: {colour: [red, green, blue]}
steps:
  - id: line
    prompt: "Slot {{ slot }}: something {{ colour }}."
record: {slot: "{{ slot }}", line: "{{ steps.line.output }}"}
"""


@dataclass(slots=True)
class FakeModels:
    """Answers with what `reply` makes of a request, and notes what it was asked and what it billed."""

    reply: Callable[[Completion], Awaitable[Reply]]
    asked: list[Completion] = field(default_factory=list)

    async def complete(self, request: Completion) -> Reply:
        self.asked.append(request)
        return await self.reply(request)

    async def close(self) -> None:
        """Nothing is open."""


def say(text: str, usage: Usage | None = USED) -> Reply:
    """A reply as a model gives it."""
    return Reply(text=text, finish_reason="stop", usage=usage)


async def echo(request: Completion) -> Reply:
    """The prompt's own words."""
    await asyncio.sleep(0)
    return say(request.messages[-1].content)


@dataclass(frozen=True, slots=True)
class Mill:
    """A folder with one job in it."""

    folder: Path
    job: JobId = JOB

    @asynccontextmanager
    async def open(self, models: Models, worker: str = "worker") -> AsyncIterator[WorkerPorts]:
        """The ports of one worker."""
        store = open_store(f"sqlite:///{self.folder / 'store.db'}")
        journal = LocalJournal(self.folder / "journal", WorkerId(worker))
        try:
            yield WorkerPorts(
                store=store,
                blobs=LocalBlobs(self.folder / "blobs"),
                journal=journal,
                models=models,
                clock=SystemClock(),
            )
        finally:
            journal.close()
            await store.close()

    async def order(
        self,
        template: str = ONE_STEP,
        *,
        records: int = 10,
        price: Price = FREE,
        budget: int = 0,
        limits: Limits = NO_LIMITS,
        model: ModelName = MODEL,
    ) -> Job:
        """Create the job; it needs no seeds."""
        recipe = compile_template(template)
        job = Job(
            id=self.job,
            name="questions",
            order=Order(
                name=recipe.name,
                template=template,
                recipe=recipe.digest,
                aliases=dict.fromkeys(recipe.models, model),
                models={model: Model(name=model, price=price, limits=limits)},
                attempt_limit=recipe.attempts.limit,
                sifts=recipe.is_distinct,
            ),
            records=records,
            budget=NanoUsd(budget),
            created_at=datetime.now(UTC),
        )
        async with self.open(FakeModels(echo), "orderer") as ports:
            await ports.store.create_job(job, plan_shards(job.id, first_slot=0, records=records, first_number=0))
        return job

    async def work(self, models: Models, *, worker: str = "worker", drain: asyncio.Event | None = None) -> None:
        """Run one worker until the job takes no more work."""
        async with self.open(models, worker) as ports:
            await run_worker(self.job, ports, WorkerId(worker), drain or asyncio.Event())

    async def read(self) -> "Outcome":
        """The job as it stands, and its rows."""
        async with self.open(FakeModels(echo), "reader") as ports:
            manifest = await ports.store.read_manifest(self.job)
            return Outcome(
                job=await ports.store.read_job(self.job),
                totals=await ports.store.read_totals(self.job),
                records=[row async for row in read_records(ports.blobs, self.job, manifest)],
                rejects=[row async for row in read_rejects(ports.blobs, self.job, manifest)],
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader sees of a job."""

    job: Job
    totals: JobTotals
    records: Sequence[Row]
    rejects: Sequence[Row]
