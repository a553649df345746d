"""The whole of a job's world in one thread: a store, a provider, disks, processes, and time."""

import asyncio
import contextlib
import logging
import os
import random
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import structlog

from gristmill.adapters.local.blobs import LocalBlobs
from gristmill.adapters.local.journal import LocalJournal
from gristmill.adapters.sql.store import SqlStore, open_store
from gristmill.domain.ids import WorkerId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.errors import BudgetTooSmallError, LeaseLostError, WrongStateError
from gristmill.worker import prepare, tidying
from gristmill.worker.ports import WorkerPorts
from gristmill.worker.run import run_worker
from support import postgres
from support.simulation.instead import instead
from support.simulation.loop import MOMENT_SECONDS, SimulatedClock, SimulatedLoop
from support.simulation.order import JOB, Apart, make_job, make_shards, recipe_of, write_template
from support.simulation.process import Fate, Held, Process
from support.simulation.provider import InFlight, Outcome, Provider, good
from support.simulation.witness import View, Witness

T = TypeVar("T")

# Shorter than the product's, so that a life takes fewer steps; longer than any wait within a lease.
TTL_SECONDS = 12.0

# Far longer than any job here takes once nothing fails any more.
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a world begins with. Budgets are in nano-dollars; `shards` are sizes."""

    shards: tuple[int, ...] = (2, 2)
    budget: int = 20_000
    steps: int = 1
    repair: int = 1
    redraw: int = 1
    apart: Apart = ""
    judge: bool = False
    in_flight: int = 3
    chance: int = 0


@contextmanager
def fresh_store(kind: str, folder: Path, clock: SimulatedClock, chance: int) -> Iterator[SqlStore]:
    """An empty store of a kind; its files, if it has any, lie in the folder."""
    ttl = timedelta(seconds=TTL_SECONDS)
    with fresh_url(kind, folder) as url:
        yield open_store(url, ttl=ttl, now=clock.now, chance=random.Random(chance))


@contextmanager
def fresh_url(kind: str, folder: Path) -> Iterator[str]:
    """Where an empty store stands: a file copied from one that was migrated before, or a database."""
    if kind == "sqlite":
        path, template = folder / "store.db", folder.parent / "template.db"
        if not template.exists():
            asyncio.run(open_store(f"sqlite:///{template}").close())
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
    else:
        with postgres.fresh_database() as url:
            yield url


class World:
    """Every verb leaves all processes waiting, and everything that must hold judged."""

    def __init__(self, root: Path, plan: Plan, kind: str = "sqlite") -> None:
        # The one chance a worker takes of itself is its jitter; with it seeded, a story goes the same way each time.
        self._undo = ExitStack()
        seeded = SimpleNamespace(Random=lambda: random.Random(plan.chance))
        self._undo.enter_context(instead(prepare, name="random", by=seeded))
        # A recipe is the same for every worker.
        self._undo.enter_context(instead(prepare, name="compile_template", by=recipe_of))
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self.folder = root / "world"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.plan = plan
        self.clock = SimulatedClock()
        self.loop = SimulatedLoop(self.clock)
        self.store = self._undo.enter_context(fresh_store(kind, self.folder, self.clock, plan.chance))
        self.blobs = LocalBlobs(self.folder / "blobs")
        self.provider = Provider()
        self.processes: list[Process] = []
        self.boots: dict[int, int] = {}
        template = write_template(
            steps=plan.steps, repair=plan.repair, redraw=plan.redraw, apart=plan.apart, judge=plan.judge
        )
        limit = recipe_of(template).attempts.limit
        self.witness = Witness(self.store, self.blobs, self.provider, limit)
        job = make_job(template, records=sum(plan.shards), budget=plan.budget, in_flight=plan.in_flight)
        self.do(self.store.create_job(job, make_shards(plan.shards)))
        self.judge()

    def close(self) -> None:
        for process in self.processes:
            process.bury()
        self.do(self.store.close())
        self.loop.close()
        structlog.reset_defaults()
        self._undo.close()

    def do(self, work: Awaitable[T]) -> T:
        """The answer of something that waits for nobody."""
        return self.loop.run_until_complete(work)

    @property
    def seen(self) -> View:
        """What the store said when it was last judged."""
        view = self.witness.before
        assert view is not None
        return view

    def judge(self) -> None:
        self.do(self.witness.check())

    # Processes.

    @property
    def living(self) -> list[Process]:
        return [process for process in self.processes if not process.is_dead]

    @property
    def held(self) -> list[tuple[Process, Held]]:
        """The calls to ports that wait at a gate, of processes that run."""
        return [(process, held) for process in self.processes if process.is_running for held in process.held]

    def launch(self, disk: int = 0) -> Process:
        """Start a worker."""

        def work(ports: WorkerPorts, process: Process) -> Coroutine[Any, Any, JobStatus]:
            return run_worker(JOB, ports, process.name, process.drain, grace_seconds=15.0)

        return self._start(disk, work)

    def tidy(self, *verbs: str) -> Process:
        """Start a tidying that stops before each of these calls."""

        def work(ports: WorkerPorts, _: Process) -> Coroutine[Any, Any, int]:
            return tidying.tidy_job(ports, JOB)

        return self._start(0, work, traps=verbs)

    def _start(
        self,
        disk: int,
        work: Callable[[WorkerPorts, Process], Coroutine[Any, Any, Any]],
        *,
        traps: tuple[str, ...] = (),
    ) -> Process:
        name = WorkerId(f"w{len(self.processes) + 1}")
        loop = SimulatedLoop(self.clock)
        boot = f"disk-{disk}-boot-{self.boots.get(disk, 0)}"
        journal = LocalJournal(self.journals(disk), name, boot_id=boot)
        process = Process(self, name, disk, loop, journal)
        process.traps.update(dict.fromkeys(traps, "before"))
        self.processes.append(process)
        process.start(lambda ports: work(ports, process))
        self.settle()
        return process

    def journals(self, disk: int) -> Path:
        return self.folder / f"disk-{disk}" / "journal"

    def settle(self) -> None:
        """Let every process that runs go on until it waits; then judge."""
        for process in self.processes:
            if process.is_running:
                process.settle()
        self.judge()

    def kill(self, process: Process) -> None:
        process.kill()
        self.settle()

    def drain(self, process: Process) -> None:
        """Ask a worker to finish what is in flight, and go."""
        process.drain.set()
        self.settle()

    def freeze(self, process: Process) -> None:
        process.is_frozen = True

    def thaw(self, process: Process) -> None:
        process.is_frozen = False
        self.settle()

    def release(self, process: Process, held: Held, fate: Fate) -> None:
        """Let a held call to a port go on, or say that no answer came, or that there was no room."""
        process.held.remove(held)
        held.answered.set_result(fate)
        self.settle()

    def release_all(self, process: Process, fate: Fate = "go") -> None:
        while process.held and not process.is_dead:
            self.release(process, process.held[0], fate)

    def reboot(self, disk: int, synced: float = 1.0) -> None:
        """End every process on a disk and start its machine anew.

        When power was lost, only the `synced` part of each journal is left; segments and the store are synced with
        every write, so of them only what nobody had an answer for yet is lost.
        """
        for process in self.living:
            if process.disk == disk:
                process.kill()
        self.boots[disk] = self.boots.get(disk, 0) + 1
        if synced < 1:
            for path in self.journals(disk).rglob("*.journal"):
                os.truncate(path, int(path.stat().st_size * synced))
        self.settle()

    # Provider and time.

    def answer(self, call: InFlight, outcome: Outcome) -> None:
        self.provider.end(call, outcome)
        self.settle()

    def answer_all(
        self, text: Callable[[InFlight], str] = lambda call: f"text {call.place.slot}", share: float = 0.5
    ) -> None:
        """Answer every call that stands at the provider now."""
        for call in list(self.provider.in_flight):
            self.answer(call, good(text(call), share))

    def advance(self, seconds: float) -> None:
        """Let time pass, from timer to timer."""
        target = self.clock.seconds + seconds
        while True:
            self.settle()
            timers = (process.loop.next_timer for process in self.processes if process.is_running)
            due = min((timer for timer in timers if timer is not None), default=None)
            if due is None or due > target:
                break
            # As in life a timer rings a moment late, never early.
            self.clock.seconds = max(self.clock.seconds, due + MOMENT_SECONDS)
        self.clock.seconds = max(self.clock.seconds, target)
        self.settle()

    # The user.

    def stop(self, reason: StopReason = StopReason.PAUSED) -> None:
        self.witness.touch()
        self.do(self.store.stop_job(JOB, reason))
        self.settle()

    def resume(self) -> None:
        self.witness.touch()
        try:
            self.do(self.store.resume_job(JOB))
        except WrongStateError:
            return
        self.settle()

    def set_budget(self, cap: int) -> None:
        self.witness.touch()
        try:
            self.do(self.store.set_budget(JOB, NanoUsd(cap)))
        except BudgetTooSmallError:
            return
        self.settle()

    def extend(self, size: int) -> None:
        self.witness.touch()
        job = self.do(self.store.read_job(JOB))
        number = len(self.do(self.store.list_shards(JOB)))
        shards = make_shards([size], first_slot=job.records, first_number=number)
        try:
            self.do(self.store.extend_job(JOB, job.records + size, shards))
        except WrongStateError:
            return
        self.settle()

    def finish(self) -> None:
        self.witness.touch()
        self.do(self.store.finish_job(JOB))
        self.settle()

    def replay(self, index: int) -> None:
        """An old write arrives once more."""
        write = self.witness.writes[index]
        with contextlib.suppress(LeaseLostError):
            self.do(self.witness.land("replay", write.verb, write.args, {}))
        self.settle()

    # The end.

    def calm(self) -> None:
        """No more faults, and time passes: the job must end, and every process with it."""
        for process in self.living:
            process.traps.clear()
            process.is_frozen = False
        self.settle()
        for process in self.living:
            self.release_all(process)
        deadline = self.clock.seconds + PATIENCE_SECONDS
        while not self._is_over():
            if self.clock.seconds > deadline:
                raise AssertionError(f"the job never ends: {self.do(self.witness.view())}")
            if not self.living:
                self.launch(0)
            self.answer_all()
            self.advance(0.5)
        self.do(self.witness.check_history())

    def _is_over(self) -> bool:
        return not self.living and self.do(self.store.read_job(JOB)).has_ended
