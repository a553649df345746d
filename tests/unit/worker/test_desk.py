"""The desk: which slot is next, and a cut in which rows, answers and money agree."""

import asyncio
from dataclasses import replace

import pytest

from gristmill.domain.call import Call, CallCounts
from gristmill.domain.ids import Slot
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.shard import Lease, Progress
from gristmill.domain.slots import SlotSet
from gristmill.generation.books import Books
from gristmill.generation.purse import Cover
from gristmill.worker.desk import COMMIT_ROWS, Cut, Desk
from support.making import Notes, a_purse, a_request, some_books, virtually, worst_of
from support.mill import MODEL, PRICED
from support.rows import NOON, a_call, a_lease, a_row
from support.virtual_time import VirtualClock

REQUEST = a_request()


def slots(*done: int, size: int = 4) -> Lease:
    return replace(a_lease(), done=SlotSet(0, size).with_slots([Slot(slot) for slot in done]))


def a_desk(clock: VirtualClock, lease: Lease | None = None, *, limit: int = 3) -> Desk:
    books = some_books(a_purse(clock), Notes())
    return Desk(lease or slots(), books, limit, asyncio.Event())


async def pay(books: Books, call: Call) -> None:
    model = Model(name=MODEL, price=PRICED)
    await books.hold(model, REQUEST, Cover(ZERO))
    opened = await books.open_call(call.place, model, call.prompt, worst_of(REQUEST))
    assert opened is not None
    await books.close_call(opened, call)


def entries(cut: Cut) -> list[Call]:
    return [call for row in cut.rows for call in row.calls if call.entry]


@virtually
async def test_open_slots_are_begun_in_order_with_the_attempt_they_are_at(clock: VirtualClock) -> None:
    desk = a_desk(clock, replace(slots(1), attempts={Slot(2): 2}))
    assert [desk.next_slot() for _ in range(4)] == [(0, 0), (2, 2), (3, 0), None]
    assert desk.in_making == 3


@virtually
async def test_a_rejected_slot_is_first_in_line_with_its_next_attempt(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    desk.next_slot()
    desk.deliver(a_row(0, reason="too short"))
    assert desk.next_slot() == (0, 1)
    assert desk.next_slot() == (1, 0)


@virtually
async def test_a_slot_whose_attempts_are_used_up_is_given_up(clock: VirtualClock) -> None:
    desk = a_desk(clock, slots(1, 2, 3), limit=2)
    for attempt in range(2):
        assert desk.next_slot() == (0, attempt)
        desk.deliver(a_row(0, attempt, reason="too short"))
    assert desk.next_slot() is None
    assert desk.is_finished
    assert desk.cut(NOON).progress == Progress(given_up=frozenset({Slot(0)}))


@virtually
async def test_attempts_of_slots_that_stay_open_are_told_and_forgotten_when_accepted(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    for slot in range(2):
        desk.next_slot()
        desk.deliver(a_row(slot, reason="too short"))
        desk.next_slot()
    desk.deliver(a_row(0, 1))
    cut = desk.cut(NOON)
    assert cut.progress == Progress(accepted=frozenset({Slot(0)}), attempts={Slot(1): 1})
    assert desk.cut(NOON).progress == Progress()


@virtually
async def test_an_interrupted_slot_is_left_for_whoever_goes_on(clock: VirtualClock) -> None:
    desk = a_desk(clock, slots(1, 2, 3))
    desk.next_slot()
    desk.deliver(None)
    assert desk.is_idle
    assert desk.next_slot() is None
    assert desk.cut(NOON).progress == Progress()


@virtually
async def test_an_abandoned_desk_begins_no_slot(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    desk.abandon()
    assert desk.next_slot() is None


@virtually
async def test_it_is_finished_once_nothing_is_open_or_in_the_making(clock: VirtualClock) -> None:
    desk = a_desk(clock, slots(1, 2, 3))
    assert (desk.is_idle, desk.is_finished) == (True, False)
    desk.next_slot()
    assert (desk.is_idle, desk.is_finished) == (False, False)
    desk.deliver(a_row(0))
    assert (desk.is_idle, desk.is_finished) == (True, True)


@virtually
async def test_the_keeper_is_woken_by_many_rows_and_by_the_last(clock: VirtualClock) -> None:
    desk = a_desk(clock, slots(size=COMMIT_ROWS + 1))
    for _ in range(COMMIT_ROWS + 1):
        desk.next_slot()
    for slot in range(COMMIT_ROWS - 1):
        desk.deliver(a_row(slot))
    assert not desk.wake.is_set()
    desk.deliver(a_row(COMMIT_ROWS - 1))
    assert desk.wake.is_set()
    desk.cut(NOON)
    desk.wake.clear()
    desk.deliver(a_row(COMMIT_ROWS))
    assert desk.wake.is_set()


@virtually
async def test_a_cut_is_of_one_instant(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    for slot in range(2):
        desk.next_slot()
        await pay(desk.books, a_call(slot))
    desk.deliver(replace(a_row(0), calls=desk.books.finish(Slot(0), 0)))
    assert (desk.finished_rows, desk.has_news) == (1, True)
    cut = desk.cut(NOON)
    await pay(desk.books, a_call(2))
    assert [(row.slot, row.is_accepted, len(row.calls)) for row in cut.rows] == [(0, True, 1), (1, False, 1)]
    assert (cut.settled, cut.spent.billed, cut.counts) == (2, 2 * a_call().cost, CallCounts(made=2))
    assert sum(call.cost for call in entries(cut)) == cut.spent.total


@virtually
async def test_a_call_is_an_entry_in_one_cut_alone(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    desk.next_slot()
    await pay(desk.books, a_call(0, step="first"))
    first = desk.cut(NOON)
    assert not desk.has_news
    await pay(desk.books, a_call(0, step="second"))
    desk.deliver(replace(a_row(0), calls=desk.books.finish(Slot(0), 0)))
    second = desk.cut(NOON)
    assert [call.place.step for call in entries(first)] == ["first"]
    assert [call.place.step for call in entries(second)] == ["second"]
    assert [call.place.step for call in second.rows[0].calls] == ["first", "second"]
    assert (
        second.spent.billed == 2 * a_call().cost == sum(call.cost for cut in (first, second) for call in entries(cut))
    )


@virtually
async def test_a_cut_tells_each_thing_once(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    desk.next_slot()
    desk.deliver(a_row(0))
    desk.books.count(retried=3)
    first, second = desk.cut(NOON), desk.cut(NOON)
    assert (len(first.rows), first.counts.retried) == (1, 3)
    assert (second.rows, second.counts, desk.has_news) == ((), CallCounts(), False)


@virtually
async def test_calls_that_brought_nothing_are_news_too(clock: VirtualClock) -> None:
    desk = a_desk(clock)
    desk.books.count(made=1, failed=1)
    assert desk.has_news
    assert desk.cut(NOON).counts == CallCounts(made=1, failed=1)


@pytest.mark.parametrize("cost", [0, 1])
def test_a_failed_call_has_a_row_only_if_it_cost_something(cost: int) -> None:
    @virtually
    async def has_row(clock: VirtualClock) -> None:
        desk = a_desk(clock)
        desk.next_slot()
        await pay(desk.books, replace(a_call(0, reply=None), cost=NanoUsd(cost)))
        assert len(desk.cut(NOON).rows) == cost

    has_row()
