"""A worker that belongs to no job: several at once, in turn by user and then by job, for as long as it lives."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from gristmill.domain.ids import JobId, UserId, WorkerId
from gristmill.domain.job import ACTIVE, ENDED, StopReason
from gristmill.domain.turns import OpenJob, choose_next, choose_to_give_back, count_places
from gristmill.errors import BadInputError, GristmillError, NotFoundError
from gristmill.worker.lending import lend_models
from gristmill.worker.persist import persist
from gristmill.worker.ports import TurnPorts
from gristmill.worker.recovery import recover
from gristmill.worker.reporting import keep_reporting
from gristmill.worker.run import finish, run_worker
from gristmill.worker.tidying import tidy_job

# Jobs at work at once in one worker. Each has windows of its own; beyond a few they only take turns on one core.
PLACES = 4
LOOK_SECONDS = 0.5

# A job that ends a worker's run unexpectedly is left alone for a while, longer each time, and then given up.
MOST_FALLS = 3
FALLEN_SECONDS = 5.0
WORDS_OF_A_FALL = "Workers came to an unexpected end at it, again and again. Their logs say why."

# How far back a worker that starts looks for jobs whose last worker may have died before it had tidied up.
ENDED_WITHIN = timedelta(days=1)

log = structlog.get_logger()


async def take_turns(
    ports: TurnPorts, worker: WorkerId, drain: asyncio.Event, *, grace_seconds: float | None = None
) -> None:
    """Work on the store's jobs until `drain` is set, and report this worker all the while.

    A drain is that of `run_worker`, for every job at work. A job that cannot be worked on fails alone, with the reason.
    """
    rota = _Rota(ports, worker, drain, grace_seconds)
    async with asyncio.TaskGroup() as group:
        reporting = group.create_task(keep_reporting(ports, worker, rota.count))
        await rota.work()
        reporting.cancel()


@dataclass(slots=True)
class _Place:
    """A job at work here: since when, and whether it is to go when its calls in flight have ended."""

    since: float
    over: asyncio.Event = field(default_factory=asyncio.Event)


class _Rota:
    """Gives this worker's places to jobs, and takes them back for users who wait."""

    def __init__(self, ports: TurnPorts, worker: WorkerId, drain: asyncio.Event, grace_seconds: float | None) -> None:
        self._ports = ports
        self._worker = worker
        self._drain = drain
        self._grace_seconds = grace_seconds
        self._places: dict[JobId, _Place] = {}
        self._served: dict[UserId, float] = {}
        self._falls = Counter[JobId]()
        self._not_before: dict[JobId, float] = {}
        self._changed = asyncio.Event()

    def count(self) -> int:
        """How many jobs are at work."""
        return len(self._places)

    async def work(self) -> None:
        """Take turns until the drain, then wait for what is at work."""
        jobs = await persist(self._ports.turns.list_open_jobs)
        await recover(self._ports, *(job.id for job in jobs))
        async with asyncio.TaskGroup() as group:
            waking = group.create_task(self._wake_when_draining())
            group.create_task(self._tidy_up())
            while not self._drain.is_set():
                self._hand_out(await persist(self._ports.turns.list_open_jobs), group)
                await self._pause()
            waking.cancel()

    def _hand_out(self, jobs: Sequence[OpenJob], group: asyncio.TaskGroup) -> None:
        while not self._drain.is_set():
            kept = {job: place.since for job, place in self._places.items() if not place.over.is_set()}
            places = count_places(jobs, self._worker, kept)
            job = choose_next(jobs, places, self._served, besides=self._not_now())
            if job is None:
                return
            if len(kept) >= PLACES:
                now = self._ports.clock.monotonic()
                given = choose_to_give_back(kept, jobs, places, waiting=job.owner, now=now)
                if given is None or len(self._places) >= 2 * PLACES:
                    return
                log.info("turn_over", job=given, waiting=job.id)
                # From here on it starts no call, so its place is free, whatever its calls in flight still take.
                self._places[given].over.set()
            self._begin(job, group)

    def _not_now(self) -> Collection[JobId]:
        now = self._ports.clock.monotonic()
        self._not_before = {job: until for job, until in self._not_before.items() if until > now}
        return {*self._places, *self._not_before}

    def _begin(self, job: OpenJob, group: asyncio.TaskGroup) -> None:
        now = self._ports.clock.monotonic()
        self._places[job.id] = place = _Place(since=now)
        self._served[job.owner] = now
        group.create_task(self._serve(job, place))

    async def _serve(self, job: OpenJob, place: _Place) -> None:
        # A task's context is its own: each line of the log names the job that it is about.
        structlog.contextvars.bind_contextvars(job=job.id)
        try:
            await self._work_at(job, place)
        except Exception as error:  # noqa: BLE001 - whatever it is, it takes down nothing but this job
            await self._put_aside(job.id, error)
        else:
            self._falls.pop(job.id, None)
        finally:
            del self._places[job.id]
            self._not_before.setdefault(job.id, self._ports.clock.monotonic() + LOOK_SECONDS)
            self._changed.set()

    async def _work_at(self, job: OpenJob, place: _Place) -> None:
        # A job may have nothing left but its end, and for that nobody needs its template, seeds or models.
        status = await finish(job.id, self._ports)
        if status in ACTIVE:
            async with lend_models(self._ports, job.id) as models:
                status = await run_worker(
                    job.id,
                    replace(self._ports, models=models),
                    self._worker,
                    self._drain,
                    grace_seconds=self._grace_seconds,
                    turn_ends=place.over,
                )
        if status in ENDED:
            await self._see_to_ended(job.id)

    async def _see_to_ended(self, job: JobId) -> None:
        await tidy_job(self._ports, job)
        await self._ports.on_ended(job)

    async def _tidy_up(self) -> None:
        """See once to jobs that ended lately: whoever ended them may have died in that moment."""
        since = self._ports.clock.now() - ENDED_WITHIN
        for job in await persist(lambda: self._ports.turns.list_ended_jobs(since)):
            if self._drain.is_set():
                return
            try:
                await self._see_to_ended(job)
            except Exception as error:
                log.error("not_tidied", job=job, exc_info=error)  # noqa: TRY400 - structlog's own way

    async def _put_aside(self, job: JobId, error: Exception) -> None:
        self._falls[job] += 1
        falls, cause = self._falls[job], _cause_of(error)
        log.error("job_fell", falls=falls, exc_info=cause)
        self._not_before[job] = self._ports.clock.monotonic() + FALLEN_SECONDS * 2**falls
        if isinstance(cause, (BadInputError, NotFoundError)) or falls >= MOST_FALLS:
            words = str(cause) if isinstance(cause, GristmillError) else WORDS_OF_A_FALL
            with suppress(NotFoundError):
                await persist(lambda: self._ports.store.stop_job(job, StopReason.FAILED, words))

    async def _pause(self) -> None:
        """Until a place is free again or the drain begins, and no longer than until the next look is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._changed.wait()
        self._changed.clear()

    async def _wake_when_draining(self) -> None:
        await self._drain.wait()
        self._changed.set()


def _cause_of(error: BaseException) -> BaseException:
    """What lies within groups of errors: one of our own if there is any."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [_cause_of(inner) for inner in error.exceptions]
    return next((cause for cause in causes if isinstance(cause, GristmillError)), causes[0])
