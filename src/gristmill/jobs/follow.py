"""Seeing a job through to its end with workers that may die at any moment."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gristmill.domain.event import Event
from gristmill.domain.ids import JobId
from gristmill.domain.job import StopReason
from gristmill.errors import StoreBusyError, WorkersDiedError
from gristmill.jobs.report import JobReport, read_report
from gristmill.ports.clock import Clock
from gristmill.ports.executor import Executor
from gristmill.ports.store import Store

POLL_SECONDS = 0.33
# Workers that die are started again, later each time; a restart that brings records forward starts the count anew.
MOST_RESTARTS = 5
FIRST_RESTART_SECONDS = 0.5

Watch = Callable[[JobReport, list[Event]], None]


class StopSwitch:
    """How a user asks a followed job to stop: once to finish what is in flight, twice to stop at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()

    def press(self) -> None:
        """Ask once more."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Launches workers for jobs and watches the store until they end."""

    store: Store
    executor: Executor
    clock: Clock
    watch: Watch
    switch: StopSwitch

    async def follow(self, job: JobId, workers: int) -> JobReport:
        """Keep `workers` at the job until it ends or is stopped now, and say how it stands then.

        Raises WorkersDiedError when they die faster than they bring the job forward.
        """
        after = await self._last_event(job)
        report = await read_report(self.store, self.clock, job)
        restarts = 0
        while not report.job.has_ended:
            finished = report.totals.accepted + report.totals.rejected
            shift = await self._shift(job, workers, after)
            after, report = shift.after, await self._settle(job)
            if report.job.has_ended or self.switch.now.is_set():
                break
            restarts = 0 if report.totals.accepted + report.totals.rejected > finished else restarts + 1
            await self._rest(restarts, shift.words)
            await self._tell_deaths(job, shift.words)
        await self._show(job, after)
        return report

    async def _shift(self, job: JobId, workers: int, after: int) -> "_Shift":
        await self.executor.launch(job, workers)
        try:
            async with asyncio.TaskGroup() as group:
                gone = group.create_task(self.executor.wait())
                stopper = group.create_task(self._stop_when_asked(job))
                while not gone.done():
                    await asyncio.wait({gone}, timeout=POLL_SECONDS)
                    after = await self._show(job, after)
                stopper.cancel()
        finally:
            self.executor.kill()
        return _Shift(after=after, words=gone.result())

    async def _stop_when_asked(self, job: JobId) -> None:
        await self.switch.asked.wait()
        await self._pause(job)
        self.executor.drain()
        await self.switch.now.wait()
        self.executor.kill()

    async def _pause(self, job: JobId) -> None:
        # A store that is too busy now is told again when the workers have gone.
        with suppress(StoreBusyError):
            await self.store.stop_job(job, StopReason.PAUSED, "stopped by the user")

    async def _show(self, job: JobId, after: int) -> int:
        """Tell the watch what is new; a store that is too busy to say is asked again at the next turn."""
        with suppress(StoreBusyError):
            events = await self.store.read_events(job, after=after)
            self.watch(await read_report(self.store, self.clock, job), list(events))
            return events[-1].sequence if events else after
        return after

    async def _settle(self, job: JobId) -> JobReport:
        if self.switch.asked.is_set():
            await self._pause(job)
        if not self.switch.now.is_set():
            await self.store.finish_job(job)
        return await read_report(self.store, self.clock, job)

    async def _last_event(self, job: JobId) -> int:
        after = 0
        while events := await self.store.read_events(job, after=after):
            after = events[-1].sequence
        return after

    async def _tell_deaths(self, job: JobId, words: Sequence[str]) -> None:
        with suppress(StoreBusyError):
            for each in words:
                await self.store.write_event(job, "warning", {"message": f"{each}; another takes its place"})

    async def _rest(self, restarts: int, words: Sequence[str]) -> None:
        if restarts > MOST_RESTARTS:
            last = f" The last: {words[-1]}" if words else ""
            raise WorkersDiedError(f"The workers died {restarts} times in a row before the job had ended.{last}")
        with suppress(TimeoutError):
            await asyncio.wait_for(self.switch.now.wait(), FIRST_RESTART_SECONDS * 2**restarts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shift:
    """What a set of workers left: the last event shown, and the last words of those that failed."""

    after: int
    words: Sequence[str]
