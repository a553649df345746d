"""A lease's money in memory: no call starts that the block does not cover at its worst."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.generation.stop import StoppedError


@dataclass(slots=True)
class Cover:
    """What the calls of one record may need after its first, promised from the moment the record is begun."""

    amount: NanoUsd
    is_begun: bool = False

    def begin_free(self) -> None:
        """Begin the record without a promise: its first answer was already paid for."""
        if not self.is_begun:
            self.amount, self.is_begun = ZERO, True


@dataclass(slots=True)
class _Waiter:
    """A call that waits for money, and its record's cover."""

    worst: NanoUsd
    cover: Cover
    ready: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def need(self) -> NanoUsd:
        return self.worst if self.cover.is_begun else NanoUsd(self.worst + self.cover.amount)


class Purse:
    """What calls may still hold: block - spent - held. Every total is of the lease's epoch.

    Calls of records already begun come first. A first call also needs its record's later ones covered, beyond what
    records begun before it may still need: money that is short finishes records instead of beginning them.
    """

    def __init__(self, *, wake: asyncio.Event, monotonic: Callable[[], float]) -> None:
        """`wake` is set when a call begins to wait for money; `monotonic` is the clock a lease's time is kept on."""
        self.block = ZERO
        self.spent = Spent()
        self.held = ZERO
        self._promised = ZERO
        self._waiters: list[_Waiter] = []
        self._until = 0.0
        self._stopped = False
        self._wake = wake
        self._monotonic = monotonic

    @property
    def free(self) -> NanoUsd:
        """What the block covers beyond what is spent and held."""
        return NanoUsd(self.block - self.spent.total - self.held)

    @property
    def is_open(self) -> bool:
        """Whether calls may start now: the lease's time is not over, and nothing has stopped or paused them."""
        return not self._stopped and self._monotonic() < self._until

    @property
    def waiting(self) -> NanoUsd:
        """What all waiting calls together need: never less than `least`."""
        begins = any(not waiter.cover.is_begun for waiter in self._waiters)
        return NanoUsd(sum(waiter.need for waiter in self._waiters) + (self._promised if begins else 0))

    @property
    def least(self) -> NanoUsd | None:
        """The smallest sum that lets a waiting call start; None when nothing waits for money."""
        return min((self._asks(waiter.worst, waiter.cover) for waiter in self._waiters), default=None)

    async def hold(self, worst: NanoUsd, cover: Cover) -> None:
        """Set `worst` aside, waiting for money if need be. Raises StoppedError once no call may start.

        The first hold of a record begins it: its cover is promised to its later calls until `end_record`.
        """
        if self._stopped:
            raise StoppedError
        if self._covers(worst, cover):
            self._take(worst, cover)
            return
        waiter = _Waiter(worst, cover)
        self._waiters.append(waiter)
        self._wake.set()
        try:
            await waiter.ready
        except asyncio.CancelledError:
            self._forget(waiter)
            raise

    def settle(self, worst: NanoUsd, cost: Spent) -> None:
        """Turn a hold into what the call really cost; a call that was never billed costs nothing."""
        self.held = NanoUsd(self.held - worst)
        self.spent = self.spent + cost
        self._serve()

    def end_record(self, cover: Cover) -> None:
        """Free what was promised to a record's later calls: they were made, or never will be."""
        if cover.is_begun:
            self._promised = NanoUsd(self._promised - cover.amount)
            cover.amount = ZERO
            self._serve()

    def offer(self, block: NanoUsd) -> None:
        """Lower the block before the store is told: from here on no call holds what is being given back."""
        self.block = min(self.block, block)

    def accept(self, block: NanoUsd, *, until: float) -> None:
        """Take the block the store acknowledged; calls may start until the monotonic time `until`."""
        self.block, self._until = block, until
        self._serve()

    def pause(self) -> None:
        """Start no call until `accept`: there is no room to keep what it would answer."""
        self._until = 0.0

    def stop(self) -> None:
        """Start no call any more: whoever waits gets StoppedError."""
        self._stopped = True
        for waiter in self._waiters:
            if not waiter.ready.done():
                waiter.ready.set_exception(StoppedError())
        self._waiters.clear()

    def _asks(self, worst: NanoUsd, cover: Cover) -> NanoUsd:
        return worst if cover.is_begun else NanoUsd(worst + cover.amount + self._promised)

    def _covers(self, worst: NanoUsd, cover: Cover) -> bool:
        return self.is_open and self._asks(worst, cover) <= self.free

    def _take(self, worst: NanoUsd, cover: Cover) -> None:
        self.held = NanoUsd(self.held + worst)
        if not cover.is_begun:
            cover.is_begun = True
            self._promised = NanoUsd(self._promised + cover.amount)

    def _serve(self) -> None:
        if not self._waiters:
            return
        for waiter in sorted(self._waiters, key=lambda waiter: not waiter.cover.is_begun):
            # One that was cancelled and has not noticed yet leaves by itself.
            if not waiter.ready.done() and self._covers(waiter.worst, waiter.cover):
                self._take(waiter.worst, waiter.cover)
                self._waiters.remove(waiter)
                waiter.ready.set_result(None)

    def _forget(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        elif not waiter.ready.cancelled() and waiter.ready.exception() is None:
            self.settle(waiter.worst, Spent())
