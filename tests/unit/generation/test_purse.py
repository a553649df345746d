"""The purse: no call starts that the block does not cover, and money that is short finishes what is begun."""

import asyncio

import pytest

from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.generation.purse import Cover, Purse
from gristmill.generation.stop import StoppedError
from support.making import FOREVER, a_purse, virtually
from support.virtual_time import VirtualClock

HUNDRED = NanoUsd(100)


def billed(amount: int) -> Spent:
    return Spent(billed=NanoUsd(amount))


def begun() -> Cover:
    cover = Cover(ZERO)
    cover.begin_free()
    return cover


async def begin_waiting(group: asyncio.TaskGroup, purse: Purse, worst: int, cover: Cover) -> asyncio.Task[None]:
    task = group.create_task(purse.hold(NanoUsd(worst), cover))
    await asyncio.sleep(0)
    return task


@virtually
async def test_a_hold_takes_its_worst_case_and_a_settlement_gives_the_rest_back(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    await purse.hold(NanoUsd(80), Cover(ZERO))
    assert (purse.held, purse.free) == (80, 20)
    purse.settle(NanoUsd(80), billed(30))
    assert (purse.held, purse.free, purse.spent) == (0, 70, billed(30))


@virtually
async def test_a_hold_that_fits_to_the_last_nano_dollar_is_granted(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    await purse.hold(HUNDRED, Cover(ZERO))
    assert purse.free == 0


@virtually
async def test_a_call_that_finds_no_money_waits_says_so_and_goes_on_when_there_is_some(clock: VirtualClock) -> None:
    wake = asyncio.Event()
    purse = Purse(wake=wake, monotonic=clock.monotonic)
    async with asyncio.TaskGroup() as group:
        waiting = await begin_waiting(group, purse, 60, Cover(NanoUsd(20)))
        assert wake.is_set()
        assert (purse.waiting, purse.least, purse.held) == (80, 80, 0)
        purse.accept(NanoUsd(79), until=FOREVER)
        await asyncio.sleep(0)
        assert not waiting.done()
        purse.accept(NanoUsd(80), until=FOREVER)
    assert (purse.held, purse.waiting, purse.least) == (60, 0, None)


@virtually
async def test_calls_of_records_begun_come_before_those_that_waited_longer(clock: VirtualClock) -> None:
    purse = a_purse(clock, ZERO)
    async with asyncio.TaskGroup() as group:
        first = await begin_waiting(group, purse, 60, Cover(ZERO))
        second = await begin_waiting(group, purse, 60, begun())
        purse.accept(HUNDRED, until=FOREVER)
        await second
        assert not first.done()
        purse.settle(NanoUsd(60), billed(0))
    assert purse.held == 60


@virtually
async def test_what_a_record_begun_may_need_is_not_there_to_begin_another(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    first = Cover(NanoUsd(50))
    await purse.hold(NanoUsd(20), first)
    purse.settle(NanoUsd(20), billed(10))
    async with asyncio.TaskGroup() as group:
        second = await begin_waiting(group, purse, 41, Cover(ZERO))
        assert purse.waiting == purse.least == 91
        await purse.hold(NanoUsd(50), first)
        purse.settle(NanoUsd(50), billed(10))
        await asyncio.sleep(0)
        assert not second.done()
        purse.end_record(first)
    assert purse.held == 41


@virtually
async def test_the_end_of_a_record_that_never_began_frees_nothing(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    await purse.hold(NanoUsd(10), Cover(NanoUsd(60)))
    purse.end_record(Cover(NanoUsd(60)))
    async with asyncio.TaskGroup() as group:
        waiting = await begin_waiting(group, purse, 40, Cover(ZERO))
        assert purse.least == 100
        waiting.cancel()


@virtually
async def test_a_record_begun_by_an_answer_already_paid_for_is_promised_nothing(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    replayed = Cover(NanoUsd(90))
    replayed.begin_free()
    await purse.hold(NanoUsd(10), replayed)
    await purse.hold(NanoUsd(90), Cover(ZERO))
    assert purse.free == 0
    replayed.begin_free()
    assert replayed.amount == 0


@virtually
async def test_money_offered_back_is_no_longer_held_against(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    purse.offer(NanoUsd(40))
    purse.offer(NanoUsd(70))
    async with asyncio.TaskGroup() as group:
        waiting = await begin_waiting(group, purse, 41, Cover(ZERO))
        assert not waiting.done()
        purse.accept(NanoUsd(41), until=FOREVER)


@virtually
async def test_no_call_starts_past_the_leases_time(clock: VirtualClock) -> None:
    purse = Purse(wake=asyncio.Event(), monotonic=clock.monotonic)
    purse.accept(HUNDRED, until=clock.seconds + 5)
    await purse.hold(NanoUsd(10), Cover(ZERO))
    await asyncio.sleep(5)
    async with asyncio.TaskGroup() as group:
        waiting = await begin_waiting(group, purse, 10, Cover(ZERO))
        assert not waiting.done()
        purse.accept(HUNDRED, until=clock.seconds + 5)
    assert purse.held == 20


@virtually
async def test_a_pause_holds_calls_back_until_the_next_answer_of_the_store(clock: VirtualClock) -> None:
    purse = a_purse(clock, HUNDRED)
    purse.pause()
    async with asyncio.TaskGroup() as group:
        waiting = await begin_waiting(group, purse, 10, Cover(ZERO))
        assert not waiting.done()
        purse.accept(HUNDRED, until=FOREVER)


@virtually
async def test_after_a_stop_nobody_waits_and_nobody_holds(clock: VirtualClock) -> None:
    purse = a_purse(clock, ZERO)
    waiting = asyncio.ensure_future(purse.hold(NanoUsd(10), Cover(ZERO)))
    await asyncio.sleep(0)
    purse.stop()
    with pytest.raises(StoppedError):
        await waiting
    with pytest.raises(StoppedError):
        await purse.hold(NanoUsd(1), Cover(ZERO))
    assert (purse.held, purse.waiting) == (0, 0)


@virtually
async def test_a_cancelled_wait_leaves_no_trace(clock: VirtualClock) -> None:
    purse = a_purse(clock, ZERO)
    waiting = asyncio.ensure_future(purse.hold(NanoUsd(10), Cover(ZERO)))
    await asyncio.sleep(0)
    waiting.cancel()
    # Money that comes before the cancelled call has noticed goes to the others.
    purse.accept(HUNDRED, until=FOREVER)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (purse.held, purse.waiting, purse.least) == (0, 0, None)


@virtually
async def test_a_wait_cancelled_after_it_was_served_gives_its_money_back(clock: VirtualClock) -> None:
    purse = a_purse(clock, ZERO)
    cover = Cover(NanoUsd(30))
    waiting = asyncio.ensure_future(purse.hold(NanoUsd(10), cover))
    await asyncio.sleep(0)
    purse.accept(HUNDRED, until=FOREVER)
    assert purse.held == 10
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    purse.end_record(cover)
    await purse.hold(HUNDRED, Cover(ZERO))
    assert purse.free == 0


@virtually
async def test_a_wait_cancelled_after_the_stop_ends_cancelled(clock: VirtualClock) -> None:
    purse = a_purse(clock, ZERO)
    waiting = asyncio.ensure_future(purse.hold(NanoUsd(10), Cover(ZERO)))
    await asyncio.sleep(0)
    purse.stop()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert purse.held == 0
