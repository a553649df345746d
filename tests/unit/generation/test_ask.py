"""One call: held, journaled, sent, settled; and sent again for as long as that can help."""

import asyncio
from itertools import pairwise

import pytest

from gristmill.domain.call import Call, CallCounts
from gristmill.domain.completion import Completion, Reply
from gristmill.domain.model import Limits
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.errors import (
    CallRefusedError,
    FormRefusedError,
    ModelError,
    ProviderFaultError,
    RateLimitedError,
)
from gristmill.generation.ask import TRIES, ask
from gristmill.generation.breaker import HOPELESS_LIMIT
from gristmill.generation.purse import Cover
from gristmill.generation.stop import StoppedError
from support.making import (
    FOREVER,
    PLENTY,
    Notes,
    Script,
    a_lane,
    a_purse,
    a_question,
    some_books,
    some_means,
    virtually,
    worst_of,
)
from support.mill import FREE, FakeModels, say
from support.virtual_time import VirtualClock

WORST = worst_of(a_question().request)
COST = NanoUsd(20 * 1_000 + 10 * 4_000)
FAULT = ProviderFaultError("down", status=500)
UNSENT = ProviderFaultError("no connection", sent=False)
SLOW_DOWN = RateLimitedError("slow down")
WRONG_KEY = CallRefusedError("Wrong key.", status=401, hopeless=True)
REFUSED = CallRefusedError("Not this prompt.")
OTHER_FORM = FormRefusedError("no response_format here")
ANSWER = say("Yes.")


@virtually
async def test_a_call_is_held_and_noted_before_it_is_sent_and_noted_before_it_is_settled(clock: VirtualClock) -> None:
    notes, purse = Notes(), a_purse(clock)

    async def reply(_: Completion) -> Reply:
        assert (purse.held, len(notes.lines)) == (WORST, 1)
        await asyncio.sleep(0.25)
        return ANSWER

    means, books = some_means(clock, FakeModels(reply)), some_books(purse, notes)
    call = await ask(means, books, a_lane(clock), a_question())
    assert notes.lines[1] == call
    assert (call.reply, call.cost, call.certainty, call.milliseconds) == ("Yes.", COST, "billed", 250)
    assert (purse.held, purse.spent) == (0, Spent(billed=COST))
    assert means.covers.seen == {"line": WORST}
    assert books.counts == CallCounts(made=1)


@virtually
async def test_a_reply_without_usage_is_presumed_to_have_cost_its_worst(clock: VirtualClock) -> None:
    purse = a_purse(clock)
    means = some_means(clock, Script(clock, [say("Yes.", None)]))
    call = await ask(means, some_books(purse, Notes()), a_lane(clock), a_question())
    assert (call.reply, call.certainty, call.cost) == ("Yes.", "presumed", WORST)
    assert purse.spent == Spent(presumed=WORST)


@virtually
async def test_a_fault_is_sent_again_and_presumed_at_its_worst_each_time(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [FAULT, FAULT, ANSWER])
    books = some_books(purse, Notes())
    await ask(some_means(clock, models), books, a_lane(clock), a_question())
    assert purse.spent == Spent(billed=COST, presumed=NanoUsd(2 * WORST))
    assert books.counts == CallCounts(made=3, retried=2)
    [(_, _, calls)] = books.cut()
    assert [(call.reply, call.finish_reason) for call in calls] == [
        (None, "provider_fault"),
        (None, "provider_fault"),
        ("Yes.", "stop"),
    ]


@virtually
async def test_a_call_that_never_left_costs_nothing(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [UNSENT, UNSENT, ANSWER])
    await ask(some_means(clock, models), some_books(purse, Notes()), a_lane(clock), a_question())
    assert purse.spent == Spent(billed=COST)


@virtually
async def test_faults_end_a_call_after_so_many_tries(clock: VirtualClock) -> None:
    models = Script(clock, [FAULT])
    books = some_books(a_purse(clock), Notes())
    with pytest.raises(ProviderFaultError):
        await ask(some_means(clock, models), books, a_lane(clock), a_question())
    assert len(models.asked) == TRIES
    assert books.counts == CallCounts(made=TRIES, retried=TRIES - 1, failed=1)


@pytest.mark.parametrize("seed", range(5))
def test_waits_between_tries_grow_by_chance_within_their_bounds(seed: int) -> None:
    @virtually
    async def waits(clock: VirtualClock) -> None:
        models = Script(clock, [FAULT])
        with pytest.raises(ProviderFaultError):
            await ask(
                some_means(clock, models, chance=seed), some_books(a_purse(clock), Notes()), a_lane(clock), a_question()
            )
        gaps = [later - earlier for earlier, later in pairwise(models.times)]
        longest = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
        assert all(0.125 <= gap <= most + 1e-6 for gap, most in zip(gaps, longest, strict=True))
        assert len(set(gaps)) == len(gaps)

    waits()


@virtually
async def test_a_429_is_waited_out_as_long_as_asked_and_uses_up_no_try(clock: VirtualClock) -> None:
    asked_to_wait = [RateLimitedError("slow down", retry_after=20.0)] * 30
    purse, models = a_purse(clock), Script(clock, [*[FAULT] * (TRIES - 1), *asked_to_wait, ANSWER])
    books = some_books(purse, Notes())
    call = await ask(some_means(clock, models), books, a_lane(clock), a_question())
    gaps = [later - earlier for earlier, later in pairwise(models.times)][TRIES - 1 :]
    assert call.reply == "Yes."
    assert all(20.0 <= gap <= 22.0 + 1e-3 for gap in gaps)
    assert purse.spent.billed == COST
    assert books.counts == CallCounts(made=TRIES + 30, retried=TRIES - 1 + 30)


@virtually
async def test_a_429_that_names_no_time_is_waited_out_too(clock: VirtualClock) -> None:
    models = Script(clock, [*[SLOW_DOWN] * 3 * TRIES, ANSWER])
    call = await ask(some_means(clock, models), some_books(a_purse(clock), Notes()), a_lane(clock), a_question())
    assert call.reply == "Yes."
    assert all(later - earlier >= 0.125 for earlier, later in pairwise(models.times))


@virtually
async def test_a_record_counts_as_resting_only_while_it_waits_to_be_sent_again(clock: VirtualClock) -> None:
    resting = list[int]()

    async def reply(_: Completion) -> Reply:
        resting.append(means.resting.records)
        if len(resting) == 1:
            raise RateLimitedError("slow down", retry_after=1.0)
        return ANSWER

    means = some_means(clock, FakeModels(reply))
    asking = asyncio.ensure_future(ask(means, some_books(a_purse(clock), Notes()), a_lane(clock), a_question()))
    await asyncio.sleep(0.5)
    assert means.resting.records == 1
    await asking
    assert resting == [0, 0]
    assert means.resting.records == 0


@virtually
async def test_a_refused_call_is_not_sent_again_and_costs_nothing(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [REFUSED])
    books = some_books(purse, Notes())
    with pytest.raises(CallRefusedError):
        await ask(some_means(clock, models), books, a_lane(clock), a_question())
    assert len(models.asked) == 1
    assert (purse.spent, purse.held) == (Spent(), 0)
    assert books.counts == CallCounts(made=1, failed=1)


@virtually
async def test_a_model_that_refuses_every_call_is_given_up_in_its_own_words(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [WRONG_KEY])
    lane = a_lane(clock)
    with pytest.raises(StoppedError, match="Wrong key"):
        await ask(some_means(clock, models), some_books(purse, Notes()), lane, a_question())
    assert len(models.asked) == HOPELESS_LIMIT
    assert lane.breaker.words == "Wrong key."
    assert purse.spent == Spent()


@virtually
async def test_a_refusal_that_names_the_model_but_meets_one_prompt_alone_rejects_that_one(clock: VirtualClock) -> None:
    async def reply(request: Completion) -> Reply:
        await asyncio.sleep(0.01)
        if request.messages[-1].content == "Bad.":
            raise WRONG_KEY
        return ANSWER

    models = FakeModels(reply)
    means, books, lane = some_means(clock, models), some_books(a_purse(clock), Notes()), a_lane(clock)

    async def ask_others() -> None:
        for slot in range(1, 10_000):
            await ask(means, books, lane, a_question(slot))

    others = asyncio.ensure_future(ask_others())
    async with asyncio.timeout(60):
        with pytest.raises(CallRefusedError):
            await ask(means, books, lane, a_question(0, prompt="Bad."))
    others.cancel()
    assert lane.breaker.words is None
    assert sum(request.messages[-1].content == "Bad." for request in models.asked) == TRIES


@virtually
async def test_a_call_whose_form_was_refused_goes_again_at_once(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [OTHER_FORM, OTHER_FORM, ANSWER])
    books, lane = some_books(purse, Notes()), a_lane(clock)
    await ask(some_means(clock, models), books, lane, a_question())
    assert len(set(models.times)) == 1
    assert purse.spent == Spent(billed=COST)
    assert books.counts == CallCounts(made=3, retried=2)
    assert lane.breaker.words is None


@pytest.mark.parametrize("error", [FAULT, SLOW_DOWN, REFUSED, OTHER_FORM], ids=lambda error: type(error).__name__)
def test_each_end_of_a_try_frees_its_turn(error: ModelError) -> None:
    @virtually
    async def ends(clock: VirtualClock) -> None:
        lane = a_lane(clock, ceiling=1)
        models = Script(clock, [error, ANSWER])
        means, books = some_means(clock, models), some_books(a_purse(clock), Notes())
        async with asyncio.timeout(60):
            for slot in range(2):
                try:
                    await ask(means, books, lane, a_question(slot))
                except CallRefusedError:
                    assert error is REFUSED
        await asyncio.sleep(1)
        assert lane.pace.is_idle

    ends()


@virtually
async def test_an_answer_paid_for_is_used_without_a_call_and_begins_its_record_free(clock: VirtualClock) -> None:
    models = Script(clock, [ANSWER])
    means = some_means(clock, models)
    paid = await ask(means, some_books(a_purse(clock), Notes()), a_lane(clock), a_question())
    purse, cover = a_purse(clock, ZERO), Cover(NanoUsd(1_000))
    books = some_books(purse, Notes(), [paid])
    assert await ask(means, books, a_lane(clock), a_question(cover=cover)) == paid
    assert (cover.is_begun, cover.amount, purse.spent) == (True, 0, Spent())
    assert len(models.asked) == 1
    assert books.counts == CallCounts(replayed=1)


@virtually
async def test_an_answer_to_another_prompt_is_asked_for_again(clock: VirtualClock) -> None:
    models = Script(clock, [ANSWER])
    means = some_means(clock, models)
    paid = await ask(means, some_books(a_purse(clock), Notes()), a_lane(clock), a_question(prompt="Old."))
    await ask(means, some_books(a_purse(clock), Notes(), [paid]), a_lane(clock), a_question(prompt="New."))
    assert len(models.asked) == 2


@virtually
async def test_a_stop_ends_the_wait_for_another_try(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [RateLimitedError("later", retry_after=3_600.0)])
    means = some_means(clock, models)
    asking = asyncio.ensure_future(ask(means, some_books(purse, Notes()), a_lane(clock), a_question()))
    await asyncio.sleep(1)
    means.stop.set()
    async with asyncio.timeout(1):
        with pytest.raises(StoppedError):
            await asking
    assert (purse.held, means.resting.records) == (0, 0)


@virtually
async def test_a_call_whose_turn_comes_after_the_stop_is_not_sent(clock: VirtualClock) -> None:
    models, purse, lane = FakeModels(_slow), a_purse(clock), a_lane(clock, ceiling=1)
    means, books = some_means(clock, models), some_books(purse, Notes())
    first = asyncio.ensure_future(ask(means, books, lane, a_question(0)))
    second = asyncio.ensure_future(ask(means, books, lane, a_question(1)))
    await asyncio.sleep(1)
    assert purse.held == 2 * WORST
    purse.stop()
    assert (await first).reply == "Yes."
    with pytest.raises(StoppedError):
        await second
    assert (len(models.asked), purse.held) == (1, 0)
    assert lane.pace.is_idle


@virtually
async def test_a_call_whose_turn_comes_past_the_leases_time_waits_for_the_next_renewal(clock: VirtualClock) -> None:
    models, purse, lane = FakeModels(_slow), a_purse(clock), a_lane(clock, ceiling=1)
    purse.accept(PLENTY, until=clock.seconds + 5)
    means, books = some_means(clock, models), some_books(purse, Notes())
    async with asyncio.TaskGroup() as group:
        for slot in range(2):
            group.create_task(ask(means, books, lane, a_question(slot)))
        await asyncio.sleep(20)
        assert (len(models.asked), purse.held) == (1, 0)
        purse.accept(PLENTY, until=FOREVER)
    assert len(models.asked) == 2


@virtually
async def test_no_call_is_sent_while_its_start_finds_no_room(clock: VirtualClock) -> None:
    models, purse, notes = FakeModels(_slow), a_purse(clock), Notes(is_full=True)
    means = some_means(clock, models)
    asking = asyncio.ensure_future(ask(means, some_books(purse, notes), a_lane(clock), a_question()))
    await asyncio.sleep(5)
    assert models.asked == []
    notes.is_full = False
    await asking
    assert len(models.asked) == 1


@virtually
async def test_a_stop_is_heard_while_a_start_finds_no_room(clock: VirtualClock) -> None:
    models, purse, notes = FakeModels(_slow), a_purse(clock), Notes(is_full=True)
    means = some_means(clock, models)
    asking = asyncio.ensure_future(ask(means, some_books(purse, notes), a_lane(clock), a_question()))
    await asyncio.sleep(5)
    purse.stop()
    async with asyncio.timeout(5):
        with pytest.raises(StoppedError):
            await asking
    assert (models.asked, purse.held) == ([], 0)


@virtually
async def test_a_call_cancelled_before_its_turn_gives_its_money_back(clock: VirtualClock) -> None:
    models, purse, lane = FakeModels(_slow), a_purse(clock), a_lane(clock, ceiling=1)
    means, books = some_means(clock, models), some_books(purse, Notes())
    first = asyncio.ensure_future(ask(means, books, lane, a_question(0)))
    second = asyncio.ensure_future(ask(means, books, lane, a_question(1)))
    await asyncio.sleep(1)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert purse.held == WORST
    await first
    assert purse.held == 0


@virtually
async def test_a_call_cancelled_in_flight_is_presumed_to_have_cost_its_worst(clock: VirtualClock) -> None:
    purse, notes, lane = a_purse(clock), Notes(), a_lane(clock)
    asking = asyncio.ensure_future(
        ask(some_means(clock, FakeModels(_slow)), some_books(purse, notes), lane, a_question())
    )
    await asyncio.sleep(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (purse.held, purse.spent) == (0, Spent(presumed=WORST))
    call = notes.lines[-1]
    assert isinstance(call, Call)
    assert (call.finish_reason, call.reply, call.certainty) == ("abandoned", None, "presumed")
    assert lane.pace.is_idle


@virtually
async def test_a_limit_on_tokens_a_minute_counts_what_calls_are_likely_to_use(clock: VirtualClock) -> None:
    lane = a_lane(clock, price=FREE, limits=Limits(tokens_per_minute=600))
    models = Script(clock, [ANSWER])
    means, books = some_means(clock, models), some_books(a_purse(clock), Notes())
    async with asyncio.TaskGroup() as group:
        for slot in range(3):
            group.create_task(ask(means, books, lane, a_question(slot)))
    likely = (4 + 16 + 512) // 4 + 50
    gaps = [later - earlier for earlier, later in pairwise(sorted(models.times))]
    assert gaps[-1] == pytest.approx(likely / 10, rel=0.01)


async def _slow(_: Completion) -> Reply:
    await asyncio.sleep(10)
    return ANSWER
