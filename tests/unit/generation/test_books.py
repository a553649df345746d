"""The books: journal before use, each call an entry once, and nothing lost to a full disk."""

import asyncio
from dataclasses import replace

import pytest

from gristmill.domain.call import Call, CallCounts, Place
from gristmill.domain.ids import Slot
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.generation.books import Books, OpenCall
from gristmill.generation.purse import Cover
from gristmill.ports.journal import Start
from support.making import Notes, a_purse, a_request, some_books, virtually, worst_of
from support.mill import MODEL, PRICED
from support.rows import a_call
from support.virtual_time import VirtualClock

MODEL_PRICED = Model(name=MODEL, price=PRICED)
REQUEST = a_request()
WORST = worst_of(REQUEST)


async def open_call(books: Books, slot: int = 0, attempt: int = 0) -> OpenCall:
    await books.hold(MODEL_PRICED, REQUEST, Cover(ZERO))
    place = Place(slot=Slot(slot), attempt=attempt, step="answer")
    opened = await books.open_call(place, MODEL_PRICED, "prompt", WORST)
    assert opened is not None
    return opened


async def make_call(books: Books, slot: int = 0, attempt: int = 0, *, reply: str | None = "Yes.") -> Call:
    call = a_call(slot, attempt, reply=reply)
    await books.close_call(await open_call(books, slot, attempt), call)
    return call


@virtually
async def test_a_call_is_held_then_noted_then_settled(clock: VirtualClock) -> None:
    notes, purse = Notes(), a_purse(clock)
    books = some_books(purse, notes)
    opened = await open_call(books)
    assert purse.held == WORST
    start = notes.lines[0]
    assert isinstance(start, Start)
    assert (start.number, start.worst, start.price_table) == (opened.number, WORST, "test")
    call = a_call()
    await books.close_call(opened, call)
    assert notes.lines == [start, call]
    assert (purse.held, purse.spent.billed, books.settled) == (0, call.cost, 1)


@virtually
async def test_each_call_has_a_number_of_its_own(clock: VirtualClock) -> None:
    books = some_books(a_purse(clock), Notes())
    assert [(await open_call(books, slot)).number for slot in range(3)] == [1, 2, 3]


@virtually
async def test_an_answer_paid_for_is_used_once_by_the_same_prompt_at_the_same_place(clock: VirtualClock) -> None:
    paid = a_call(3)
    books = some_books(a_purse(clock), Notes(), [paid])
    assert books.replay(replace(paid.place, attempt=1), paid.prompt) is None
    assert books.replay(paid.place, paid.prompt) == paid
    assert books.replay(paid.place, paid.prompt) is None
    assert books.counts == CallCounts(replayed=1)


@virtually
async def test_an_answer_to_another_prompt_is_not_used(clock: VirtualClock) -> None:
    paid = a_call(3)
    books = some_books(a_purse(clock), Notes(), [paid])
    assert books.replay(paid.place, "another") is None
    assert books.counts == CallCounts()


@virtually
async def test_a_failed_call_is_no_answer_to_use_again(clock: VirtualClock) -> None:
    failed = a_call(3, reply=None)
    assert some_books(a_purse(clock), Notes(), [failed]).replay(failed.place, failed.prompt) is None


@virtually
async def test_a_replayed_answer_is_lineage_and_no_entry(clock: VirtualClock) -> None:
    paid = a_call(3)
    books = some_books(a_purse(clock), Notes(), [paid])
    books.replay(paid.place, paid.prompt)
    assert books.cut() == []
    made = await make_call(books, 3)
    assert books.finish(Slot(3), 0) == (paid.as_lineage(), made)


@virtually
async def test_a_call_that_a_cut_showed_is_lineage_in_the_finished_row(clock: VirtualClock) -> None:
    books = some_books(a_purse(clock), Notes())
    first = await make_call(books)
    assert books.cut() == [(0, 0, (first,))]
    assert books.cut() == []
    second = await make_call(books)
    assert books.finish(Slot(0), 0) == (first.as_lineage(), second)
    assert books.finish(Slot(0), 0) == ()


@virtually
async def test_attempts_of_one_slot_are_kept_apart(clock: VirtualClock) -> None:
    books = some_books(a_purse(clock), Notes())
    first, second = await make_call(books, 0, 0), await make_call(books, 0, 1)
    assert books.finish(Slot(0), 1) == (second,)
    assert books.finish(Slot(0), 0) == (first,)


@virtually
async def test_a_failed_call_is_kept_only_if_it_cost_something(clock: VirtualClock) -> None:
    books = some_books(a_purse(clock), Notes())
    dear = await make_call(books, 0, reply=None)
    free = replace(a_call(1, reply=None), cost=ZERO)
    await books.close_call(await open_call(books, 1), free)
    assert books.cut() == [(0, 0, (dear,))]
    assert books.settled == 2


@virtually
async def test_news_is_what_no_cut_has_told(clock: VirtualClock) -> None:
    books = some_books(a_purse(clock), Notes())
    assert not books.has_news
    await make_call(books)
    books.counts = CallCounts()
    assert books.has_news
    books.cut()
    assert not books.has_news
    books.count(retried=1)
    assert books.has_news


@virtually
async def test_a_bill_beyond_the_bound_is_settled_as_it_is_and_told(clock: VirtualClock) -> None:
    purse = a_purse(clock)
    books = some_books(purse, Notes())
    dear = replace(a_call(), cost=NanoUsd(WORST + 1))
    opened = await open_call(books)
    await books.close_call(opened, replace(dear, cost=WORST))
    assert books.overrun is None
    await books.close_call(await open_call(books), dear)
    assert books.overrun == dear
    assert purse.spent.billed == 2 * WORST + 1


@virtually
async def test_a_call_finds_no_room_for_its_start_gives_its_money_back_and_is_not_sent(clock: VirtualClock) -> None:
    notes, purse, said = Notes(is_full=True), a_purse(clock), list[str]()
    books = some_books(purse, notes, report_full=said.append)
    await books.hold(MODEL_PRICED, REQUEST, Cover(ZERO))
    before = clock.seconds
    assert await books.open_call(a_call().place, MODEL_PRICED, "prompt", WORST) is None
    assert clock.seconds - before == pytest.approx(1.0)
    assert said == ["there is no room"]
    assert (purse.held, books.counts.made) == (0, 0)


@virtually
async def test_an_answer_that_finds_no_room_waits_for_some_and_is_not_used_before(clock: VirtualClock) -> None:
    notes, purse, said = Notes(), a_purse(clock), list[str]()
    books = some_books(purse, notes, report_full=said.append)
    opened = await open_call(books)
    notes.is_full = True
    closing = asyncio.ensure_future(books.close_call(opened, a_call()))
    await asyncio.sleep(2.5)
    assert not closing.done()
    assert (purse.held, books.settled, len(said)) == (WORST, 0, 3)
    notes.is_full = False
    await closing
    assert (purse.held, books.settled, notes.lines[-1]) == (0, 1, a_call())


@virtually
async def test_an_answer_whose_worker_goes_while_there_is_no_room_is_still_settled(clock: VirtualClock) -> None:
    notes, purse = Notes(), a_purse(clock)
    books = some_books(purse, notes)
    opened = await open_call(books)
    notes.is_full = True
    closing = asyncio.ensure_future(books.close_call(opened, a_call()))
    await asyncio.sleep(0.5)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert (purse.held, purse.spent) == (0, a_call().spent)
    assert books.cut() == [(0, 0, (a_call(),))]


@virtually
async def test_a_call_given_up_is_noted_if_there_is_room_and_settled_in_any_case(clock: VirtualClock) -> None:
    notes, purse = Notes(), a_purse(clock)
    books = some_books(purse, notes)
    books.abandon_call(await open_call(books, 0), a_call(0))
    assert notes.lines[-1] == a_call(0)
    opened = await open_call(books, 1)
    notes.is_full = True
    books.abandon_call(opened, a_call(1))
    assert (purse.held, books.settled) == (0, 2)


@virtually
async def test_the_end_of_the_books_ends_the_journal(clock: VirtualClock) -> None:
    notes = Notes()
    some_books(a_purse(clock), notes).close(delete=True)
    assert notes.closed == [True]
