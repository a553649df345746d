"""Orders over a real store and blobs in one folder, made by workers that run in this process."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gristmill.adapters.local import LocalBlobs, LocalJournal, SystemClock
from gristmill.adapters.renderer.process import ChildRenderer
from gristmill.adapters.sql import open_store
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.model import Model
from gristmill.errors import UnknownPriceError
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import keep_seeds
from gristmill.worker import WorkerPorts, run_worker
from support.mill import FREE, PRICED, FakeModels

FREE_MODEL = ModelName("test:free")
PRICED_MODEL = ModelName("test:priced")

TEMPLATE = """\
name: capitals
defaults: {model: cheap, max_tokens: 50}
vary: {tone: [formal, terse]}
steps:
  - id: question
    prompt: "A {{ tone }} question about {{ city.name }}."
    output: {type: object, required: [text], properties: {text: {type: string}}}
  - id: answer
    prompt: "Answer: {{ steps.question.output.text }}"
record: {question: "{{ steps.question.output.text }}", answer: "{{ steps.answer.output }}"}
"""

SEEDS = ({"city": {"name": "Lima"}}, {"city": {"name": "Oslo"}}, {"city": {"name": "Rome"}})


class FewPrices:
    """Two models: one free, one not."""

    def find_model(self, name: ModelName) -> Model:
        prices = {FREE_MODEL: FREE, PRICED_MODEL: PRICED}
        if name not in prices:
            raise UnknownPriceError(f"{name} has no known price.")
        return Model(name=name, price=prices[name])


@asynccontextmanager
async def open_ports(folder: Path) -> AsyncIterator[JobPorts]:
    """The use cases' ports over a folder."""
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    try:
        yield JobPorts(
            store=store,
            exports=store,
            marks=store,
            blobs=LocalBlobs(folder / "blobs"),
            prices=FewPrices(),
            clock=SystemClock(),
            renderer=ChildRenderer(),
        )
    finally:
        await store.close()


async def a_request(
    ports: JobPorts, folder: Path, *, rows: Sequence[Mapping[str, object]] = SEEDS, **changes: object
) -> JobRequest:
    """An order of four records with the free model, unless told otherwise."""
    path = folder / "seeds.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    seeds = await keep_seeds({"": path}, ports.blobs) if rows else {}
    fields = {"template": TEMPLATE, "records": 4, "seeds": seeds, "aliases": {"cheap": FREE_MODEL}} | changes
    return JobRequest(**fields)  # type: ignore[arg-type]


@dataclass(slots=True)
class RoomExecutor:
    """Workers as tasks of this process. The first `dying` of them end at once, as if killed."""

    ports: JobPorts
    folder: Path
    models: FakeModels
    dying: int = 0
    launched: int = 0
    _drain: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def launch(self, job: JobId, workers: int) -> None:
        for _ in range(workers):
            self.launched += 1
            if self.launched > self.dying:
                name = WorkerId(f"worker-{self.launched}")
                self._tasks.append(asyncio.create_task(self._work(job, name)))

    async def wait(self) -> Sequence[str]:
        if self._tasks:
            await asyncio.wait(self._tasks)
        return [] if self._tasks else ["a worker ended with SIGKILL"]

    def drain(self) -> None:
        self._drain.set()

    def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _work(self, job: JobId, name: WorkerId) -> None:
        journal = LocalJournal(self.folder / "journal", name)
        ports = WorkerPorts(
            store=self.ports.store,
            blobs=self.ports.blobs,
            journal=journal,
            models=self.models,
            clock=self.ports.clock,
        )
        try:
            await run_worker(job, ports, name, self._drain)
        finally:
            journal.close()


def chance() -> random.Random:
    """Chance that is none."""
    return random.Random(7)
