"""A worker process of the simulation: the product's own code between gates that can hold it, cut it off or kill it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from gristmill.adapters.local.journal import LocalJournal
from gristmill.domain.call import Call
from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import WorkerId
from gristmill.domain.shard import Lease
from gristmill.errors import GristmillError, StorageFullError, StoreBusyError
from gristmill.generation.ask import prompt_text
from gristmill.ports.journal import EpochLog, Journal, Start
from gristmill.worker.ports import WorkerPorts
from support.simulation.loop import SimulatedLoop
from support.simulation.provider import EpochKey, InFlight

if TYPE_CHECKING:
    from gristmill.ports.blobs import Blobs
    from gristmill.ports.store import Store
    from support.simulation.world import World

T = TypeVar("T")

When = Literal["before", "after"]
# What becomes of a call to a port that is held: it goes on; or its sender gets no answer; or there was no room.
Fate = Literal["go", "lost", "full"]


@dataclass(slots=True, kw_only=True, eq=False)
class Held:
    """A call to a port that waits: before it landed, or after it landed and before its answer is heard."""

    verb: str
    when: When
    answered: "asyncio.Future[Fate]"


@dataclass(slots=True, eq=False)
class Process:
    """One process on one disk, with an event loop of its own: a frozen or dead one simply never runs again."""

    world: "World"
    name: WorkerId
    disk: int
    loop: SimulatedLoop
    journal: LocalJournal
    traps: dict[str, When] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    drain: asyncio.Event = field(default_factory=asyncio.Event)
    is_frozen: bool = False
    is_dead: bool = False
    is_buried: bool = False
    task: "asyncio.Task[Any] | None" = None

    @property
    def is_running(self) -> bool:
        return not (self.is_frozen or self.is_dead)

    def start(self, work: Callable[[WorkerPorts], Coroutine[Any, Any, Any]]) -> None:
        """Begin the process's work; it runs when the world settles."""
        ports = WorkerPorts(
            store=cast("Store", GatedStore(self)),
            blobs=cast("Blobs", GatedBlobs(self)),
            journal=cast("Journal", GatedJournal(self)),
            models=SimulatedModels(self),
            clock=self.world.clock,
        )
        self.task = self.loop.create_task(work(ports))

    def settle(self) -> None:
        """Run until everything waits; a process that has ended frees its journal, and its error is ours."""
        self.loop.settle()
        if self.task is not None and self.task.done():
            self.is_dead = True
            self.journal.close()
            _raise_first(self.task.exception())

    def kill(self) -> None:
        """Stop for ever where it stands: only the kernel cleans up, which frees the locks."""
        self.is_dead = True
        self.journal._closing.set()
        self.journal._syncing.join()
        for log in list(self.journal._logs):
            log.close(delete=False)
        for lock in (self.journal._lock, *self.journal._claims.values()):
            lock.release()

    def bury(self) -> None:
        """Close the loop of a process that will never run again; nothing it does now reaches anything."""
        if not self.is_dead:
            self.kill()
        self.is_buried = True
        while tasks := asyncio.all_tasks(self.loop):
            for task in tasks:
                task.cancel()
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self.loop.close()

    async def pass_gate(self, verb: str, land: Callable[[], Awaitable[T]]) -> T:
        """Make a call to a port, held where a trap says so."""
        if self.is_buried:
            raise asyncio.CancelledError
        when = self.traps.pop(verb, None)
        if when == "before":
            await self._hold(verb, when)
        try:
            answer = await land()
        except GristmillError:
            if when == "after":
                await self._hold(verb, when)
            raise
        if when == "after":
            await self._hold(verb, when)
        return answer

    async def _hold(self, verb: str, when: When) -> None:
        held = Held(verb=verb, when=when, answered=self.loop.create_future())
        self.held.append(held)
        fate = await held.answered
        if verb in READS:
            return
        if fate == "full" and when == "before":
            raise StorageFullError("the disk is full")
        if fate != "go" and verb != "put_new":
            raise StoreBusyError("no answer came")


def _raise_first(error: BaseException | None) -> None:
    """Raise what went wrong first, out of however many groups it went up through."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error is not None:
        raise error


# These always get their answer, sooner or later.
READS = frozenset({"read_job", "read_shard", "read_manifest", "list_shards", "open_losses", "list", "delete"})


class GatedStore:
    """The store as a process reaches it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        witness, process = self._process.world.witness, self._process

        async def call(*args: Any, **kwargs: Any) -> Any:
            witness.sent(verb, args)
            answer = await process.pass_gate(verb, lambda: witness.land(process.name, verb, args, kwargs))
            witness.heard(verb, answer)
            return answer

        return call


class GatedBlobs:
    """The blobs as a process reaches them."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._blobs = process.world.blobs

    async def put_new(self, name: str, content: bytes) -> None:
        await self._process.pass_gate("put_new", lambda: self._blobs.put_new(name, content))

    async def delete(self, name: str) -> None:
        await self._process.pass_gate("delete", lambda: self._blobs.delete(name))
        self._process.world.witness.touch()

    async def list(self, prefix: str) -> AsyncIterator[str]:
        async def listed() -> list[str]:
            return [name async for name in self._blobs.list(prefix)]

        for name in await self._process.pass_gate("list", listed):
            yield name

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._blobs, verb)


class GatedJournal:
    """The journal as a process reaches it: lines are seen by the witness, and may find the disk full."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def open_epoch(self, lease: Lease) -> EpochLog:
        return WatchedLog(self._process, lease, self._process.journal.open_epoch(lease))

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._process.journal, verb)


class WatchedLog:
    """An epoch's log, whose starts tell the provider which epoch a call belongs to."""

    def __init__(self, process: Process, lease: Lease, log: EpochLog) -> None:
        self._process = process
        self._epoch: EpochKey = (lease.shard, lease.epoch)
        self._log = log

    def started(self, start: Start) -> None:
        self._make_room()
        self._log.started(start)
        self._process.world.witness.started(self._process.name, self._epoch, start)

    def ended(self, number: int, call: Call) -> None:
        self._make_room()
        self._log.ended(number, call)

    def close(self, *, delete: bool) -> None:
        self._log.close(delete=delete)

    def _make_room(self) -> None:
        if self._process.is_buried:
            raise asyncio.CancelledError
        if self._process.traps.pop("journal", None):
            raise StorageFullError("the disk is full")


class SimulatedModels:
    """The provider as a process reaches it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def complete(self, request: Completion) -> Reply:
        process = self._process
        prompt = prompt_text(request.messages)
        epoch, start = process.world.witness.sending(process.name, prompt)
        call = InFlight(
            worker=process.name,
            epoch=epoch,
            place=start.place,
            prompt=prompt,
            request=request,
            worst=start.worst,
            answer=process.loop.create_future(),
            is_heard=lambda: not process.is_dead,
        )
        process.world.provider.take(call)
        process.world.witness.check_allowance(epoch)
        return await call.answer

    async def close(self) -> None:
        pass
