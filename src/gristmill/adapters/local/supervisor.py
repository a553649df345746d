"""Workers of a server: kept running while it runs, and told to go with it."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import structlog

from gristmill.adapters.local.children import Child, name_of, start_child
from gristmill.adapters.local.clock import SystemClock
from gristmill.ports.clock import Clock

# What a drain may take, the last ten seconds of it for commit and release.
GRACE_SECONDS = 30.0

FIRST_REST_SECONDS = 0.5
LONGEST_REST_SECONDS = 60.0
# Whoever ran so long ran well: the next rest is a first one again.
WELL_SECONDS = 60.0

log = structlog.get_logger()


class Supervisor:
    """Keeps so many workers of the settings' store running, each as `start_child` starts it.

    One that dies is started again after a rest, which doubles with each death until one has run well for a while.
    """

    def __init__(
        self,
        workers: int,
        *,
        command: Sequence[str] = (sys.executable, "-m", "gristmill", "worker"),
        grace_seconds: float = GRACE_SECONDS,
        clock: Clock | None = None,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`command` is called with `--grace SECONDS`; `rest` lets so many seconds pass."""
        self.restarts = 0
        self._workers = workers
        self._grace_seconds = grace_seconds
        self._command = (*command, "--grace", f"{grace_seconds:g}")
        self._clock = clock or SystemClock()
        self._rest = rest
        self._children: set[Child] = set()
        self._draining = asyncio.Event()

    @property
    def alive(self) -> int:
        """How many workers run now."""
        return sum(child.process.returncode is None for child in self._children)

    def drain(self) -> None:
        """Let `run` end: the workers finish what is in flight, commit and go within the grace. Again: nothing."""
        self._draining.set()

    def kill(self) -> None:
        """End every worker at once; the next ones go on from their journals."""
        for child in self._children:
            child.send(signal.SIGKILL)

    async def run(self) -> None:
        """Keep the workers running until a drain, or until cancelled, which drains too; none is left then."""
        async with asyncio.TaskGroup() as group:
            seats = [group.create_task(self._keep_seat()) for _ in range(self._workers)]
            await self._draining.wait()
            for seat in seats:
                seat.cancel()

    async def _keep_seat(self) -> None:
        rest = FIRST_REST_SECONDS
        while True:
            started = self._clock.monotonic()
            await self._run_one()
            if self._clock.monotonic() - started >= WELL_SECONDS:
                rest = FIRST_REST_SECONDS
            await self._rest(rest)
            rest = min(2 * rest, LONGEST_REST_SECONDS)
            self.restarts += 1

    async def _run_one(self) -> None:
        try:
            child = await start_child(self._command)
        except OSError as error:
            log.error("worker_not_started", why=str(error))  # noqa: TRY400 - the sentence is enough
            return
        self._children.add(child)
        try:
            log.info("worker_started", pid=child.process.pid)
            await child.process.wait()
        finally:
            await self._end(child)

    async def _end(self, child: Child) -> None:
        """See a worker off, if it still runs within the grace, and tell how it went."""
        try:
            child.send(signal.SIGTERM)
            async with asyncio.timeout(self._grace_seconds):
                await child.process.wait()
        except TimeoutError:
            log.warning("worker_killed", pid=child.process.pid, grace_seconds=self._grace_seconds)
        finally:
            child.send(signal.SIGKILL)
            status = await child.process.wait()
            self._children.remove(child)
            self._tell_end(child, status)

    def _tell_end(self, child: Child, status: int) -> None:
        words = child.close()
        # One that was asked to go before it was up had nothing to see to.
        is_well = self._draining.is_set() and status in {0, -signal.SIGTERM}
        tell = log.info if is_well else log.warning
        tell("worker_gone", pid=child.process.pid, ended_with=name_of(status), last_words=words)
