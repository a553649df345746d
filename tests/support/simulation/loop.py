"""Time that stands still until it is told to pass, and an event loop that lives in it, all in one thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

# No real piece of work between two waits takes as many turns of the loop: past it, something spins.
MOST_TURNS = 2_000
QUICK_TURNS = 100
MOMENT_SECONDS = 1e-6


class SimulatedClock:
    """`ports.clock.Clock`, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop in simulated time. `settle` runs it until every task waits for the outside or for time."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock
        # Real loops ring a timer up to a tick too early; in time that stands still that would be for ever.
        self._clock_resolution = 0.0
        self._broken: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self._broken.append(context))

    def time(self) -> float:
        return self._clock.seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Run it at once, here: what a port does is one instant, and nothing is left to the machine's scheduler."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the future carries whatever it was
            future.set_exception(error)
        return future

    # The lists of the ready and of the scheduled are asyncio's own; it has no public way to ask what it waits for.
    @property
    def next_timer(self) -> float | None:
        """When the next timer of this loop is due."""
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        return min(timers, default=None)

    def settle(self) -> None:
        for turn in range(MOST_TURNS):
            if turn > QUICK_TURNS:
                # Work takes time: sums of seconds that differ in their last bit would else be compared for ever.
                self._clock.seconds += MOMENT_SECONDS
            self.call_soon(self.stop)
            self.run_forever()
            due = self.next_timer
            if not self._ready and (due is None or due >= self.time()):  # type: ignore[attr-defined]
                break
        else:
            raise AssertionError("a worker spins without waiting for anything")
        if self._broken:
            raise AssertionError(f"an error nobody caught: {self._broken[0]}")
