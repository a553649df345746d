"""Keeps one lease: money for its calls, time on its clock, and a commit every few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from gristmill.datasets import write_segment
from gristmill.domain.ids import Digest
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.segment import Segment
from gristmill.domain.shard import Lease, Report
from gristmill.errors import LeaseLostError
from gristmill.worker.desk import COMMIT_ROWS, Cut, Desk
from gristmill.worker.persist import new_write, persist
from gristmill.worker.ports import WorkerPorts

COMMIT_SECONDS = 3.0

# How long a refused lease waits before it asks for money again.
REFUSED_SECONDS = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a keeper tells its worker, and asks of it."""

    stop_calls: Callable[[], None]
    holds_nothing: Callable[[], bool]
    is_stopping: Callable[[], bool]


class Keeper:
    """The only writer of one lease, one write at a time.

    The purse is lowered before money is offered back and raised only when the answer has come, so that at no moment
    may calls spend what the store believes to be free.
    """

    def __init__(self, desk: Desk, ports: WorkerPorts, recipe: Digest, house: House) -> None:
        self._desk = desk
        self._ports = ports
        self._recipe = recipe
        self._house = house
        self._purse = desk.books.purse
        self._lease = desk.lease
        self._sent_at = ports.clock.monotonic()
        self._committed_at = self._sent_at
        self._recent = ZERO
        self._settled = 0
        self._ask_at = self._sent_at
        self._asked: NanoUsd | None = None

    async def keep(self) -> None:
        """Hold the lease until its slots are done or the worker stops, then commit, and give it back."""
        try:
            await self._renew()
            while not self._is_over():
                await self._sleep()
                await self._write_what_is_due()
            await self._commit()
            await self._release()
        except LeaseLostError as error:
            log.warning("lease_lost", shard=self._lease.shard, epoch=self._lease.epoch, why=str(error))
            self._purse.stop()
            self._desk.abandon()
            # What is in flight was paid for: its answers are noted for whoever settles this epoch.
            await self._wait_until_idle()
            self._desk.books.close(delete=False)

    def _is_over(self) -> bool:
        return self._desk.is_finished or (self._house.is_stopping() and self._desk.is_idle)

    async def _wait_until_idle(self) -> None:
        while not self._desk.is_idle:
            await self._desk.wake.wait()
            self._desk.wake.clear()

    async def _sleep(self) -> None:
        until = min(self._committed_at + COMMIT_SECONDS, self._sent_at + self._lease.ttl_seconds / 3)
        if self._purse.least is not None:
            until = min(until, self._ask_at)
        try:
            async with asyncio.timeout(max(until - self._ports.clock.monotonic(), 0)):
                await self._desk.wake.wait()
        except TimeoutError:
            pass
        self._desk.wake.clear()

    async def _write_what_is_due(self) -> None:
        now = self._ports.clock.monotonic()
        is_due = now - self._committed_at >= COMMIT_SECONDS or self._desk.finished_rows >= COMMIT_ROWS
        if is_due:
            self._committed_at = now
        if is_due and self._desk.has_news:
            await self._commit()
        elif self._waits_for_money(now) or now - self._sent_at >= self._lease.ttl_seconds / 3:
            await self._renew()
        else:
            return
        if self._was_refused():
            await self._make_do()

    async def _commit(self) -> None:
        """Show what finished; the segment's bytes and the write stay the same however often they are sent."""
        if not self._desk.has_news:
            return
        cut = self._desk.cut(self._ports.clock.now())
        segment = await persist(lambda: self._write_segment(cut), on_full=self._purse.pause)
        report = self._report(cut.spent, cut.settled)
        self._recent = NanoUsd(cut.spent.total - self._lease.spent.total)
        write, store, lease = new_write(), self._ports.store, self._lease
        await self._send(lambda: store.commit_segment(lease, segment, cut.progress, report, write))
        self._settled = cut.settled

    async def _write_segment(self, cut: Cut) -> Segment:
        blobs, origin = self._ports.blobs, self._lease.origin
        return await write_segment(blobs, origin, recipe=self._recipe, rows=cut.rows, counts=cut.counts)

    async def _renew(self) -> None:
        # What is reported as spent moves with commits alone: it always equals the ledger entries in the segments.
        await self._renew_with(self._report(self._lease.spent, self._settled))

    async def _renew_with(self, report: Report) -> None:
        write, store, lease = new_write(), self._ports.store, self._lease
        await self._send(lambda: store.renew_lease(lease, report, write))

    async def _release(self) -> None:
        report = Report(spent=self._lease.spent, block=self._lease.spent.total, settled=self._settled)
        self._purse.offer(report.block)
        write, store, lease = new_write(), self._ports.store, self._lease
        await persist(lambda: store.release_lease(lease, report, write))
        self._desk.books.close(delete=True)

    async def _send(self, verb: Callable[[], Awaitable[Lease]]) -> None:
        sent_at = self._ports.clock.monotonic()
        self._lease = await persist(verb, on_full=self._purse.pause)
        # The store counts from when it answered, so a holder that counts from when it asked is never late.
        self._sent_at = sent_at
        self._purse.accept(self._lease.block, until=sent_at + self._lease.ttl_seconds)
        if self._lease.stopping:
            self._house.stop_calls()

    def _report(self, spent: Spent, settled: int) -> Report:
        """Ask for what waits and for as much again as is in use; give back what is more than twice that."""
        purse = self._purse
        in_use = purse.spent.total + purse.held
        target = NanoUsd(in_use + purse.waiting + max(purse.held, 2 * self._recent))
        keeps = self._lease.block <= target + (target - purse.spent.total)
        block = NanoUsd(max(target, self._lease.block) if keeps else target)
        purse.offer(block)
        least = purse.least
        self._asked = NanoUsd(in_use + least) if least is not None else None
        return Report(spent=spent, block=block, least=self._asked or ZERO, settled=settled)

    def _was_refused(self) -> bool:
        return self._asked is not None and self._lease.block < self._asked

    def _waits_for_money(self, now: float) -> bool:
        return self._purse.least is not None and now >= self._ask_at

    async def _make_do(self) -> None:
        """Give back all but the calls in flight, and wait: somebody else may need less, or give back more."""
        purse = self._purse
        in_use = NanoUsd(purse.spent.total + purse.held)
        if self._lease.block > in_use:
            purse.offer(in_use)
            await self._renew_with(Report(spent=self._lease.spent, block=in_use, settled=self._settled))
        least = purse.least
        if least is not None and self._house.holds_nothing():
            job, store = self._lease.job, self._ports.store
            if await persist(lambda: store.exhaust_job(job, need=least)):
                self._house.stop_calls()
                return
        self._ask_at = self._ports.clock.monotonic() + REFUSED_SECONDS
