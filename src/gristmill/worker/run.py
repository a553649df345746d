"""The hot loop: acquire a shard, make its records, commit, until the job is finished."""

import asyncio
from dataclasses import replace
from functools import partial

import structlog

from gristmill.datasets import read_fingerprints, read_unfinished
from gristmill.domain.call import Call
from gristmill.domain.ids import SIFTING, JobId, Slot, WorkerId
from gristmill.domain.job import ENDED, JobStatus, StopReason
from gristmill.domain.money import show_usd
from gristmill.domain.shard import Lease
from gristmill.generation.attempt import make_record
from gristmill.generation.books import Books
from gristmill.generation.means import Means
from gristmill.generation.purse import Purse
from gristmill.generation.stop import StoppedError
from gristmill.ports.journal import EpochLog
from gristmill.ports.store import Finished, Wait
from gristmill.worker.desk import Desk
from gristmill.worker.keeper import House, Keeper
from gristmill.worker.persist import new_write, persist
from gristmill.worker.ports import WorkerPorts
from gristmill.worker.prepare import nothing_standing, prepare
from gristmill.worker.recovery import await_recovery, recover
from gristmill.worker.sifting import Sifting
from gristmill.worker.tidying import tidy_job
from gristmill.worker.watchdog import watch_rendering

WAIT_SECONDS = 0.5

# Records begun beyond what the windows let through, so that a window is really used and may grow.
SPARE_RECORDS = 2

# Records that wait to be sent again, for each call in flight: beyond it a provider is asked too much anyway.
MOST_RESTING = 4

# How often a full disk is spoken of.
TELL_SECONDS = 10.0

# The last part of a drain's grace is kept for commit and release.
COMMIT_GRACE_SECONDS = 10.0

log = structlog.get_logger()


async def run_worker(
    job: JobId,
    ports: WorkerPorts,
    worker: WorkerId,
    drain: asyncio.Event,
    *,
    grace_seconds: float | None = None,
    turn_ends: asyncio.Event | None = None,
) -> JobStatus:
    """Make records of a job until it is finished or `drain` is set, and say how it stands then.

    A drain starts no new call, lets those in flight finish (for `grace_seconds` less ten, if given), commits and
    releases. Whatever a dead worker left on this disk is settled and gone on from first. A worker with other jobs to
    see to gives `turn_ends`: it leaves, like in a drain without a limit of time, when that is set, and as soon as it
    holds nothing and there is nothing to lease.
    """
    await recover(ports, job)
    with watch_rendering(), prepare(await persist(lambda: ports.store.read_job(job)), ports) as means:
        await _Worker(job, ports, worker, means, turn_ends).work(drain, grace_seconds)
    status = await finish(job, ports)
    if status in ENDED:
        await tidy_job(ports, job)
    return status


async def finish(job: JobId, ports: WorkerPorts) -> JobStatus:
    """Move the job on as far as it goes. What a dead worker left here is settled first: after its end it cannot be."""
    await recover(ports, job)
    return await persist(lambda: ports.store.finish_job(job))


class _Worker:
    """Hands slots of its leases to records in the making, as many at once as the models' windows let through."""

    def __init__(
        self, job: JobId, ports: WorkerPorts, worker: WorkerId, means: Means, turn_ends: asyncio.Event | None
    ) -> None:
        self._job = job
        self._ports = ports
        self._worker = worker
        self._means = means
        self._turn_ends = turn_ends
        self._desks: list[Desk] = []
        self._making = set[asyncio.Task[None]]()
        self._wake = means.resting.changed
        self._recipe = means.recipe
        self._paces = {lane.pace for lane in means.lanes.values()}
        self._ask_at = self._tell_full_at = 0.0
        self._house = House(
            stop_calls=self._stop_calls,
            holds_nothing=self._holds_nothing,
            is_stopping=means.stop.is_set,
        )

    async def work(self, drain: asyncio.Event, grace_seconds: float | None) -> None:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(self._drain_when_asked(drain, grace_seconds))]
            if self._turn_ends is not None:
                waiting.append(group.create_task(self._drain_when_asked(self._turn_ends, None)))
            with self._means.meter.count(self._job, self._making):
                async with asyncio.TaskGroup() as keepers:
                    await self._hand_out(keepers)
            for task in waiting:
                task.cancel()

    async def _hand_out(self, group: asyncio.TaskGroup) -> None:
        while not self._means.stop.is_set():
            if len(self._making) >= self._room():
                await self._pause(None)
            elif self._begin_next(group):
                continue
            elif self._ports.clock.monotonic() < self._ask_at:
                await self._pause(self._ask_at - self._ports.clock.monotonic())
            elif not await self._find_work(group):
                return

    def _room(self) -> int:
        """How many records may be in the making: what the windows let through, a few more, and as many as rest."""
        windows = sum(pace.window for pace in self._paces)
        resting = min(self._means.resting.records, windows * MOST_RESTING)
        return windows + windows // 10 + SPARE_RECORDS + resting

    def _begin_next(self, group: asyncio.TaskGroup) -> bool:
        for desk in self._desks:
            turn = desk.next_slot()
            if turn is not None:
                task = group.create_task(self._make(desk, *turn))
                self._making.add(task)
                task.add_done_callback(self._made)
                return True
        return False

    def _made(self, task: asyncio.Task[None]) -> None:
        self._making.discard(task)
        self._wake.set()

    async def _make(self, desk: Desk, slot: Slot, attempt: int) -> None:
        row = None
        try:
            row = await make_record(self._means, desk.books, slot, attempt)
        except StoppedError:
            log.debug("interrupted", slot=slot, attempt=attempt)
        finally:
            desk.deliver(row)
        if row is None or desk.books.overrun is not None:
            await self._stop_if_hopeless(desk)

    async def _stop_if_hopeless(self, desk: Desk) -> None:
        words = self._why_hopeless(desk)
        if words is not None and not self._means.stop.is_set():
            self._stop_calls()
            log.error("job_failed", why=words)
            await persist(lambda: self._ports.store.stop_job(self._job, StopReason.FAILED, words))

    def _why_hopeless(self, desk: Desk) -> str | None:
        overrun = desk.books.overrun
        if overrun is not None:
            return (
                f"{overrun.model} billed ${show_usd(overrun.cost)} for one call, more than its price and its limits "
                "allow. The ledger has what was billed; check the model's price before going on."
            )
        return next((lane.breaker.words for lane in self._means.lanes.values() if lane.breaker.words), None)

    async def _find_work(self, group: asyncio.TaskGroup) -> bool:
        """Lease another shard, or wait a little; false when the job takes no more work."""
        write = new_write()
        match await persist(lambda: self._ports.store.acquire_shard(self._job, self._worker, write)):
            case Lease(shard=shard) as lease if shard == SIFTING:
                await self._sift(lease)
            case Lease() as lease:
                await self._open_desk(lease, group)
            case Wait():
                await finish(self._job, self._ports)
                self._ask_at = self._ports.clock.monotonic() + WAIT_SECONDS
                # Whoever has other jobs comes back when there is something to lease here.
                return self._turn_ends is None or bool(self._desks)
            case Finished():
                # What is in the making still ends, and may bring slots back.
                self._ask_at = self._ports.clock.monotonic() + WAIT_SECONDS
                return bool(self._making)
        return True

    async def _sift(self, lease: Lease) -> None:
        # Two sets at a time would be one too many: what stands is read anew.
        self._means = replace(self._means, standing=nothing_standing(self._recipe))
        empty = nothing_standing(self._recipe)
        standing = await Sifting(self._ports, lease, self._means.attempt_limit, empty).sift()
        if standing is not None:
            self._means = replace(self._means, standing=standing)
        await finish(self._job, self._ports)

    async def _open_desk(self, lease: Lease, group: asyncio.TaskGroup) -> None:
        answers = await self._load_past(lease) if lease.epoch > 1 else []
        wake = asyncio.Event()
        purse = Purse(wake=wake, monotonic=self._ports.clock.monotonic)
        books = Books(purse, await persist(partial(self._open_log, lease)), answers, report_full=self._tell_full)
        desk = Desk(lease, books, self._means.attempt_limit, wake)
        self._desks.append(desk)
        group.create_task(self._keep(desk))

    async def _open_log(self, lease: Lease) -> EpochLog:
        return self._ports.journal.open_epoch(lease)

    async def _load_past(self, lease: Lease) -> list[Call]:
        """Answers paid for by earlier epochs of the shard; records of it that stand are known from here on."""
        await await_recovery(self._ports, self._job, lease.shard)
        manifest = await persist(lambda: self._ports.store.read_manifest(self._job))
        own = replace(manifest, segments=tuple(s for s in manifest.segments if s.shard == lease.shard))
        if self._recipe.is_distinct:
            async for _, _, fingerprints in read_fingerprints(self._ports.blobs, self._job, own):
                self._means.standing.add(fingerprints)
        rows = await read_unfinished(self._ports.blobs, self._job, own, lease.shard, lease.done)
        return [call for row in rows for call in row.calls]

    async def _keep(self, desk: Desk) -> None:
        await Keeper(desk, self._ports, self._recipe.digest, self._house).keep()
        self._desks.remove(desk)
        await finish(self._job, self._ports)
        # Its end may be the job's, or let the sifting begin.
        self._ask_at = 0.0
        self._wake.set()

    def _holds_nothing(self) -> bool:
        # A record that waits to be sent again holds nothing now, and will: others may wait for what it was promised.
        return not self._means.resting.records and not any(desk.books.purse.held for desk in self._desks)

    def _stop_calls(self) -> None:
        self._means.stop.set()
        for desk in self._desks:
            desk.books.purse.stop()
            desk.wake.set()
        self._wake.set()

    async def _drain_when_asked(self, drain: asyncio.Event, grace_seconds: float | None) -> None:
        await drain.wait()
        log.info("draining", in_making=len(self._making))
        self._stop_calls()
        if grace_seconds is not None:
            await asyncio.sleep(max(grace_seconds - COMMIT_GRACE_SECONDS, 0))
            for task in self._making:
                task.cancel()

    async def _pause(self, seconds: float | None) -> None:
        """Wait until something changes, at most so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _tell_full(self, why: str) -> None:
        # Every call that waits for room would say so every second.
        now = self._ports.clock.monotonic()
        if now >= self._tell_full_at:
            self._tell_full_at = now + TELL_SECONDS
            log.warning("no_room", why=why)
