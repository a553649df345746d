"""Judges are paid, so their calls are held, settled, repaired and replayed like any other."""

import asyncio
import json

import pytest

from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import Slot
from gristmill.domain.money import NanoUsd
from gristmill.errors import CallRefusedError
from gristmill.generation.attempt import make_record
from gristmill.generation.stop import StoppedError
from support.making import Notes, Script, a_purse, some_books, some_means, virtually, worst_of
from support.mill import FakeModels, say
from support.virtual_time import VirtualClock

JUDGED = """\
name: t
defaults: {model: test:model, max_tokens: 50}
steps: [{id: line, prompt: "Say of {{ slot }}."}]
record: {text: "{{ steps.line.output }}"}
checks:
  - {judge: test:judge, ask: "Is {{ record.text }} good, for slot {{ slot }}?", at_least: 4, max_tokens: 60}
  - {expect: "{{ record.text != 'bad' }}", reason: bad}
  - {unique: text}
"""
FIRST = Slot(0)


def score(number: int, words: str = "because") -> Reply:
    return say(json.dumps({"words": words, "score": number}))


@virtually
async def test_a_score_as_asked_accepts_and_is_kept_with_its_words(clock: VirtualClock) -> None:
    models = Script(clock, [say("tea"), score(4, "fine")])
    row = await make_record(some_means(clock, models, JUDGED), some_books(a_purse(clock), Notes()), FIRST, 0)
    result = row.checks[-1]
    assert (row.is_accepted, result.check, result.value, result.words) == (True, "judge:1", 4.0, "fine")
    assert [(call.place.step, call.kind) for call in row.calls] == [("line", "call"), ("judge:1", "judge")]
    asked = models.asked[1]
    assert asked.max_tokens == 60
    assert '"text": "tea"' in asked.messages[1].content
    assert "Is tea good, for slot 0?" in asked.messages[1].content


@virtually
async def test_a_score_below_rejects_with_the_judges_words(clock: VirtualClock) -> None:
    means = some_means(clock, Script(clock, [say("tea"), score(3, "bland")]), JUDGED)
    row = await make_record(means, some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.reason, row.detail, row.record) == ("judged below 4", "bland", {"text": "tea"})
    assert (row.checks[-1].value, row.fingerprints) == (3.0, ())


@virtually
async def test_an_answer_that_is_no_score_is_repaired(clock: VirtualClock) -> None:
    models = Script(clock, [say("tea"), say("great!"), score(5)])
    row = await make_record(some_means(clock, models, JUDGED), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert row.is_accepted
    assert [(call.kind, call.place.repair) for call in row.calls] == [("call", 0), ("judge", 0), ("judge", 1)]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (say("great!"), "judge:1: invalid_reply"),
        (score(6), "judge:1: invalid_reply"),
        (CallRefusedError("no"), "judge:1: call_refused"),
    ],
)
def test_a_record_that_nobody_could_judge_is_not_accepted(end: Reply | Exception, reason: str) -> None:
    @virtually
    async def is_rejected(clock: VirtualClock) -> None:
        means = some_means(clock, Script(clock, [say("tea"), end]), JUDGED)
        row = await make_record(means, some_books(a_purse(clock), Notes()), FIRST, 0)
        assert (row.reason, row.record) == (reason, {"text": "tea"})

    is_rejected()


@virtually
async def test_no_judge_is_paid_for_a_record_that_fails_anyway(clock: VirtualClock) -> None:
    models = Script(clock, [say("bad"), say("tea"), score(5), say("tea")])
    means = some_means(clock, models, JUDGED)
    rows = [await make_record(means, some_books(a_purse(clock), Notes()), Slot(slot), 0) for slot in range(3)]
    assert [row.reason for row in rows] == ["bad", None, "duplicate"]
    assert len(models.asked) == 4


@virtually
async def test_of_two_alike_that_are_judged_at_the_same_time_one_stands(clock: VirtualClock) -> None:
    async def reply(request: Completion) -> Reply:
        await asyncio.sleep(1)
        return score(5) if request.schema else say("tea")

    means = some_means(clock, FakeModels(reply), JUDGED)
    books = some_books(a_purse(clock), Notes())
    rows = await asyncio.gather(*(make_record(means, books, Slot(slot), 0) for slot in range(2)))
    assert sorted(row.reason or "" for row in rows) == ["", "duplicate"]


@virtually
async def test_a_judge_is_held_at_its_worst_and_settled_at_its_cost(clock: VirtualClock) -> None:
    purse, held = a_purse(clock), list[NanoUsd]()

    async def reply(request: Completion) -> Reply:
        held.append(purse.held)
        await asyncio.sleep(0)
        return score(5) if request.schema else say("tea")

    models = FakeModels(reply)
    row = await make_record(some_means(clock, models, JUDGED), some_books(purse, Notes()), FIRST, 0)
    assert held == [worst_of(request) for request in models.asked]
    assert (purse.held, purse.spent.total) == (0, sum(call.cost for call in row.calls))
    assert row.calls[1].cost > 0


@virtually
async def test_a_record_is_begun_only_when_its_judge_is_covered(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), Script(clock, [say("tea"), score(5), say("jam"), score(5)])
    means, books = some_means(clock, models, JUDGED), some_books(purse, Notes())
    await make_record(means, books, FIRST, 0)
    both = NanoUsd(sum(means.covers.seen.values()))
    assert set(means.covers.seen) == {"line", "judge:1"}
    purse.offer(NanoUsd(purse.spent.total + both - 1))
    making = asyncio.ensure_future(make_record(means, books, Slot(1), 0))
    await asyncio.sleep(1)
    assert (len(models.asked), purse.least) == (2, both)
    purse.accept(NanoUsd(purse.spent.total + both), until=1e12)
    assert (await making).is_accepted


@virtually
async def test_money_that_ends_before_the_judge_keeps_the_answers_and_a_restart_replays_them(
    clock: VirtualClock,
) -> None:
    purse = a_purse(clock)
    books = some_books(purse, Notes())

    async def reply(request: Completion) -> Reply:
        purse.stop()
        await asyncio.sleep(0)
        return say("tea")

    with pytest.raises(StoppedError):
        await make_record(some_means(clock, FakeModels(reply), JUDGED), books, FIRST, 0)
    [(_, _, calls)] = books.cut()
    assert [call.place.step for call in calls] == ["line"]

    models = Script(clock, [score(5)])
    row = await make_record(some_means(clock, models, JUDGED), some_books(a_purse(clock), Notes(), calls), FIRST, 0)
    assert (row.is_accepted, len(models.asked)) == (True, 1)


@virtually
async def test_a_judgement_that_was_paid_for_is_not_paid_again(clock: VirtualClock) -> None:
    models = Script(clock, [say("tea"), score(5)])
    made = await make_record(some_means(clock, models, JUDGED), some_books(a_purse(clock), Notes()), FIRST, 0)
    again = some_books(a_purse(clock), Notes(), made.calls)
    row = await make_record(some_means(clock, models, JUDGED), again, FIRST, 0)
    assert (row.checks, len(models.asked)) == (made.checks, 2)
    assert not any(call.entry for call in row.calls)
