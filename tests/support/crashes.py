"""Deaths of a worker in this process: at the k-th call to the outside, and from then on nothing more happens."""

import asyncio
import inspect
import os
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from gristmill.adapters.local import LocalBlobs, LocalJournal, SystemClock
from gristmill.adapters.sql import open_store
from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import WorkerId
from gristmill.domain.pricing import cost_of
from gristmill.domain.usage import Usage
from gristmill.errors import ModelError, ProviderFaultError, RateLimitedError
from gristmill.worker import WorkerPorts, run_worker
from support.mill import JOB, PRICED, say

T = TypeVar("T")

Side = Literal["before", "after"]


class DeathError(BaseException):
    """What a dead worker's calls to the outside raise: nothing of ours may catch it."""


@dataclass(slots=True)
class Fuse:
    """Counts calls to the outside and kills before or after the one at `at`, or before the first of `verb`.

    `in_flight` are the calls that reached the provider and whose end did not reach the journal.
    """

    at: int = 0
    side: Side = "before"
    verb: str = ""
    seen: int = 0
    in_flight: int = 0
    is_dead: bool = False
    _landing: set["asyncio.Future[Any]"] = field(default_factory=set)

    def around(self, port: T) -> T:
        """The port, its verbs counted."""
        return cast("T", _Counted(port, self))

    async def land(self) -> None:
        """Let the kernel end what it had begun for the dead."""
        if self._landing:
            await asyncio.wait(self._landing)

    def begin(self, verb: str) -> bool:
        """Count a call, and say whether it is the last that lands. Raises DeathError instead of letting it begin."""
        if self.is_dead:
            raise DeathError
        self.seen += 1
        if verb == self.verb or (self.seen == self.at and self.side == "before"):
            self.die()
        self.in_flight += verb == "complete"
        return self.seen == self.at

    def end(self, verb: str, *, is_last: bool) -> None:
        """A call has landed. Raises DeathError if its answer must not be seen."""
        self.in_flight -= verb == "ended"
        if self.is_dead:
            raise DeathError
        if is_last:
            self.die()

    def die(self) -> None:
        """Die now."""
        self.is_dead = True
        raise DeathError

    async def wait_for(self, verb: str, answer: Coroutine[Any, Any, T], *, is_last: bool) -> T:
        """The answer of a call that goes on outside even if nobody waits for it any more."""
        landing = asyncio.ensure_future(answer)
        self._landing.add(landing)
        landing.add_done_callback(self._landing.discard)
        try:
            result = await asyncio.shield(landing)
        except Exception:
            self.end(verb, is_last=is_last)
            raise
        self.end(verb, is_last=is_last)
        return result


class _Counted:
    """Any port behind a fuse."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        call = getattr(self._port, verb)
        return self._later(verb, call) if inspect.iscoroutinefunction(call) else self._now(verb, call)

    def _later(self, verb: str, call: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        async def counted(*args: Any, **named: Any) -> Any:
            is_last = self._fuse.begin(verb)
            return await self._fuse.wait_for(verb, call(*args, **named), is_last=is_last)

        return counted

    def _now(self, verb: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            is_last = self._fuse.begin(verb)
            result = call(*args, **named)
            self._fuse.end(verb, is_last=is_last)
            return self._fuse.around(result) if verb == "open_epoch" else result

        return counted


@dataclass(slots=True)
class Witness:
    """A provider that answers and bills by the prompt alone, and keeps books over every restart.

    With `is_faulty`, some prompts fail when first asked: with a 429, a 500 that bills nothing or a reply that was
    billed and dropped.
    """

    is_faulty: bool = False
    answer: Callable[[str], str] = lambda prompt: f"<{prompt}>"
    asked: Counter[str] = field(default_factory=Counter)
    billed: int = 0

    @property
    def calls(self) -> int:
        return self.asked.total()

    async def complete(self, request: Completion) -> Reply:
        prompt = request.messages[-1].content
        self.asked[prompt] += 1
        draw = zlib.crc32(prompt.encode())
        fault = self._fault(draw) if self.is_faulty and self.asked[prompt] == 1 else None
        usage = Usage(input=len(prompt), output=1 + draw % request.max_tokens)
        if not isinstance(fault, RateLimitedError):
            self.billed += cost_of(PRICED, usage)
        for _ in range(draw % 4):
            await asyncio.sleep(0)
        if fault is not None:
            raise fault
        return say(self.answer(prompt), usage)

    async def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _fault(draw: int) -> ModelError | None:
        match draw // 64 % 6:
            case 0:
                return RateLimitedError("slow down", retry_after=0.001)
            case 1:
                return ProviderFaultError("the reply was dropped")
            case _:
                return None


async def live(folder: Path, models: Witness, fuse: Fuse, name: str, *, boot_id: str = "boot") -> None:
    """One worker's life: to the end of its job, or to its fuse."""
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    journal = LocalJournal(folder / "journal", WorkerId(name), boot_id=boot_id)
    ports = WorkerPorts(
        store=fuse.around(store),
        blobs=fuse.around(LocalBlobs(folder / "blobs")),
        journal=fuse.around(journal),
        models=fuse.around(models),
        clock=SystemClock(),
    )
    try:
        await run_worker(JOB, ports, WorkerId(name), asyncio.Event())
    except* DeathError:
        await fuse.land()
    finally:
        if fuse.is_dead:
            abandon(journal)
        else:
            journal.close()
        await store.close()


def abandon(journal: LocalJournal) -> None:
    """Close a dead worker's files as the kernel does: its locks are free, and everything stays where it lies."""
    journal._closing.set()
    journal._syncing.join()
    for log in tuple(journal._logs):
        os.close(log._file)
        log._file = -1
    for lock in (journal._lock, *journal._claims.values()):
        lock.release()


def copy_folder(source: Path, target: Path) -> Path:
    """A fresh copy of a folder, in place of whatever was there."""
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target)
