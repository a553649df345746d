"""The pace against simulated providers, in virtual time: minutes of theirs take a second of ours."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from gristmill.domain.model import Limits
from gristmill.generation.pace import Bucket, Outcome, Pace
from support.virtual_time import VirtualClock, run_virtually

LATENCY = 0.05
TRIP = 0.0002


@dataclass
class Server:
    """A provider that refuses calls above so many in flight, above a rate, or by chance."""

    clock: VirtualClock
    most_in_flight: int = 10_000
    rate: float = 0.0
    chance: float = 0.0
    latency: float = LATENCY
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    in_flight: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(1)
        self._began = self._refilled = self.clock.seconds
        self._allowance = 0.0

    async def call(self) -> Outcome:
        await asyncio.sleep(TRIP * self._random.uniform(0.8, 1.2))
        if self._refuses():
            self.refused.append(self.clock.seconds - self._began)
            await asyncio.sleep(TRIP * self._random.uniform(0.8, 1.2))
            return "refused"
        self.in_flight += 1
        await asyncio.sleep(self.latency * self._random.uniform(1.0, 1.02))
        self.in_flight -= 1
        self.answered.append(self.clock.seconds - self._began)
        await asyncio.sleep(TRIP * self._random.uniform(0.8, 1.2))
        return "answered"

    def _refuses(self) -> bool:
        if self.in_flight >= self.most_in_flight or self._random.random() < self.chance:
            return True
        if not self.rate:
            return False
        earned = (self.clock.seconds - self._refilled) * self.rate
        self._allowance, self._refilled = min(self._allowance + earned, self.rate / 10), self.clock.seconds
        is_empty = self._allowance < 1
        self._allowance -= not is_empty
        return is_empty

    def rate_between(self, start: float, end: float) -> float:
        return sum(start <= at < end for at in self.answered) / (end - start)

    def refused_share(self, start: float, end: float) -> float:
        refused = sum(start <= at < end for at in self.refused)
        return refused / (refused + sum(start <= at < end for at in self.answered))


async def drive(
    pace: Pace,
    server: Server,
    calls: int,
    *,
    changes: Sequence[tuple[float, Callable[[], None]]] = (),
    retry_after: float = 0.0,
    slots: int = 200,
) -> float:
    """Have so many calls answered, `slots` at once as far as the pace lets them; the seconds that took."""
    chance = random.Random(2)
    began = server.clock.seconds
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            while True:
                ticket = await pace.enter()
                outcome = await server.call()
                pace.leave(ticket, outcome)
                if outcome == "answered":
                    break
                await asyncio.sleep(retry_after * chance.uniform(1, 1.1) or chance.uniform(0.125, 0.5))

    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(work())
        for at, change in changes:
            asyncio.get_running_loop().call_later(at, change)
    return server.clock.seconds - began


def new_pace(clock: VirtualClock, *, ceiling: int = 1024, limits: Limits | None = None) -> Pace:
    return Pace(limits or Limits(), clock, ceiling=ceiling)


def test_a_limit_on_calls_in_flight_is_found_and_followed_when_it_rises() -> None:
    async def main(clock: VirtualClock) -> Server:
        server = Server(clock, most_in_flight=20)
        rise = (30.0, lambda: setattr(server, "most_in_flight", 60))
        await drive(new_pace(clock), server, 36_000, changes=[rise])
        return server

    server = run_virtually(main)
    assert server.rate_between(10, 30) >= 0.85 * 20 / LATENCY
    assert server.refused_share(10, 30) <= 0.03
    assert server.rate_between(50, 55) >= 0.85 * 60 / LATENCY
    assert server.refused_share(50, 55) <= 0.03


def test_a_limit_that_falls_is_followed_down() -> None:
    async def main(clock: VirtualClock) -> Server:
        server = Server(clock, most_in_flight=60)
        await drive(new_pace(clock), server, 20_000, changes=[(10.0, lambda: setattr(server, "most_in_flight", 20))])
        return server

    server = run_virtually(main)
    assert server.rate_between(15, 25) >= 0.85 * 20 / LATENCY
    assert server.refused_share(15, 25) <= 0.05


@pytest.mark.parametrize("retry_after", [0.0, 1.0])
def test_against_a_limit_on_calls_a_second_little_time_is_lost(retry_after: float) -> None:
    async def main(clock: VirtualClock) -> float:
        server = Server(clock, rate=200)
        return await drive(new_pace(clock), server, 4_000, retry_after=retry_after)

    assert run_virtually(main) <= 1.1 * 4_000 / 200


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_refusals_by_chance_do_not_close_the_window(share: float) -> None:
    async def main(clock: VirtualClock) -> Server:
        server = Server(clock, chance=share)
        await drive(new_pace(clock), server, 20_000, retry_after=1.0)
        return server

    server = run_virtually(main)
    assert server.rate_between(2, 10) >= 40 / LATENCY


def test_a_provider_that_refuses_everything_is_asked_one_call_at_a_time() -> None:
    async def main(clock: VirtualClock) -> tuple[int, int]:
        server = Server(clock, chance=1.0)
        pace = new_pace(clock)
        over = asyncio.create_task(drive(pace, server, 10_000))
        await asyncio.sleep(30)
        shut = pace.window
        server.chance = 0.0
        await asyncio.sleep(10)
        over.cancel()
        return shut, pace.window

    shut, opened = run_virtually(main)
    assert shut == 1
    assert opened > 40


def test_the_window_stays_below_its_ceiling_and_fixed_limits() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        paces = [new_pace(clock, ceiling=30), new_pace(clock, limits=Limits(max_in_flight=7))]
        for pace in paces:
            await drive(pace, Server(clock), 2_000)
        return [pace.window for pace in paces]

    assert run_virtually(main) == [30, 7]


def test_an_idle_window_does_not_grow() -> None:
    async def main(clock: VirtualClock) -> int:
        pace = new_pace(clock)
        await drive(pace, Server(clock), 1_000, slots=2)
        return pace.window

    assert run_virtually(main) == 4


@pytest.mark.parametrize("limits", [Limits(requests_per_minute=600), Limits(tokens_per_minute=60_000)])
def test_a_fixed_rate_is_kept(limits: Limits) -> None:
    async def main(clock: VirtualClock) -> float:
        pace = new_pace(clock, limits=limits)
        began = clock.seconds
        for _ in range(100):
            pace.leave(await pace.enter(tokens=100), "answered")
        return clock.seconds - began

    # A second's worth, 10 calls, goes at once.
    assert run_virtually(main) == pytest.approx(8.9, abs=0.2)


def test_a_bucket_never_saves_up_more_than_a_second() -> None:
    bucket = Bucket(60)
    assert [bucket.reserve(1, 1000.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_calls_go_in_the_order_they_came_and_a_cancelled_one_leaves_no_trace() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        pace = new_pace(clock, ceiling=1)
        held = await pace.enter()
        order: list[int] = []

        async def come(number: int) -> None:
            ticket = await pace.enter()
            order.append(number)
            pace.leave(ticket, "answered")

        tasks = [asyncio.create_task(come(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        # Cancelled in the very moment in which its turn comes.
        pace.leave(held, "failed")
        tasks[0].cancel()
        await asyncio.wait(tasks)
        pace.leave(await pace.enter(), "unsent")
        return order

    assert run_virtually(main) == [2, 3]


def test_a_wait_for_the_rate_that_is_cancelled_frees_its_turn() -> None:
    async def main(clock: VirtualClock) -> bool:
        pace = new_pace(clock, ceiling=1, limits=Limits(requests_per_minute=1))
        for _ in range(2):
            pace.leave(await pace.enter(), "answered")
        waiting = asyncio.create_task(pace.enter())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        return pace.is_idle

    assert run_virtually(main)
