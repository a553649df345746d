"""One attempt: from a slot to an accepted record, or to a reject that says why."""

import asyncio
import json

import pytest

from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import Slot
from gristmill.domain.money import NanoUsd
from gristmill.errors import CallRefusedError, ProviderFaultError, RateLimitedError
from gristmill.generation.attempt import make_record
from gristmill.generation.stop import StoppedError
from support.making import Notes, Script, a_purse, some_books, some_means, virtually
from support.mill import FakeModels, echo, say
from support.virtual_time import VirtualClock

HEAD = "name: t\ndefaults: {model: test:model, max_tokens: 50}\n"
JSON_STEP = (
    HEAD
    + """\
steps:
  - id: line
    prompt: "Say."
    output: {type: object, required: [text], properties: {text: {type: string}}}
record: {text: "{{ steps.line.output.text }}"}
"""
)
TEXT_STEP = HEAD + 'steps: [{id: line, prompt: "Say of {{ slot }}."}]\nrecord: {text: "{{ steps.line.output }}"}\n'
TWO_STEPS = (
    HEAD
    + """\
steps:
  - {id: first, prompt: "First of {{ slot }}"}
  - {id: second, prompt: "Second after {{ steps.first.output }}"}
"""
)
FORK = (
    HEAD
    + """\
steps:
  - {id: left, prompt: "left"}
  - {id: right, prompt: "right"}
  - {id: end, prompt: "join {{ steps.left.output }} {{ steps.right.output }}"}
"""
)
GOOD = say('{"text": "fine"}')
BAD = say('{"text": 5}')
CUT_OFF = Reply(text='{"text": "fi', finish_reason="length", usage=GOOD.usage)
FIRST = Slot(0)


def words_of(request: Completion) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in request.messages]


@virtually
async def test_a_record_carries_where_it_came_from(clock: VirtualClock) -> None:
    template = TEXT_STEP.replace("Say of", "{{ product }}, {{ tone }}, of") + "vary: {tone: [formal, terse]}\n"
    means = some_means(clock, FakeModels(echo), template, seeds=[{"product": "tea"}, {"product": "jam"}])
    row = await make_record(means, some_books(a_purse(clock), Notes()), Slot(3), 1)
    assert row.record is not None
    assert row.record["text"] == f"jam, {row.values['tone']}, of 3."
    assert (row.slot, row.attempt, row.seed_row, row.reason, row.is_accepted) == (3, 1, 1, None, True)
    assert (row.finished_at, [call.entry for call in row.calls]) == (clock.now(), [True])


@virtually
async def test_the_same_slot_and_attempt_ask_the_same(clock: VirtualClock) -> None:
    template = TEXT_STEP.replace("of", "{{ n }} of") + "vary: {n: {integer: [0, 1000000]}}\n"
    models = FakeModels(echo)
    for attempt in (0, 0, 1):
        await make_record(some_means(clock, models, template), some_books(a_purse(clock), Notes()), FIRST, attempt)
    prompts = [words_of(request) for request in models.asked]
    assert prompts[0] == prompts[1] != prompts[2]


@virtually
async def test_what_is_wrong_with_a_reply_goes_back_to_the_model(clock: VirtualClock) -> None:
    models = Script(clock, [BAD, GOOD])
    row = await make_record(some_means(clock, models, JSON_STEP), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert row.record == {"text": "fine"}
    assert words_of(models.asked[1])[:2] == [("user", "Say."), ("assistant", BAD.text)]
    assert "at text" in models.asked[1].messages[2].content
    assert [(call.kind, call.place.repair, call.reply) for call in row.calls] == [
        ("call", 0, BAD.text),
        ("repair", 1, GOOD.text),
    ]


@virtually
async def test_a_reply_that_no_repair_mends_rejects_the_attempt_with_what_was_wrong(clock: VirtualClock) -> None:
    models = Script(clock, [BAD])
    template = JSON_STEP + "attempts: {repair: 2}\n"
    row = await make_record(some_means(clock, models, template), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.reason, row.record, len(models.asked)) == ("invalid_reply", None, 3)
    assert row.detail.startswith("step line: at text: ")
    assert len(row.calls) == 3


@virtually
async def test_without_repairs_one_bad_reply_rejects_the_attempt(clock: VirtualClock) -> None:
    models = Script(clock, [BAD])
    template = JSON_STEP + "attempts: {repair: 0}\n"
    row = await make_record(some_means(clock, models, template), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.reason, len(models.asked)) == ("invalid_reply", 1)


@pytest.mark.parametrize("template", [JSON_STEP, TEXT_STEP], ids=["json", "text"])
def test_a_reply_that_was_cut_off_is_repaired_and_then_rejected_as_truncated(template: str) -> None:
    @virtually
    async def is_truncated(clock: VirtualClock) -> None:
        models = Script(clock, [CUT_OFF])
        row = await make_record(some_means(clock, models, template), some_books(a_purse(clock), Notes()), FIRST, 0)
        assert (row.reason, row.detail) == ("truncated", "step line: it was cut off after 50 tokens")
        assert "cut off after 50 tokens" in models.asked[1].messages[-1].content

    is_truncated()


@virtually
async def test_whole_json_at_the_very_limit_is_taken(clock: VirtualClock) -> None:
    models = Script(clock, [Reply(text=GOOD.text, finish_reason="length", usage=GOOD.usage)])
    row = await make_record(some_means(clock, models, JSON_STEP), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.record, len(models.asked)) == ({"text": "fine"}, 1)


@virtually
async def test_an_empty_reply_is_no_text(clock: VirtualClock) -> None:
    row = await make_record(
        some_means(clock, Script(clock, [say("  ")]), TEXT_STEP), some_books(a_purse(clock), Notes()), FIRST, 0
    )
    assert (row.reason, row.detail) == ("invalid_reply", "step line: the reply was empty")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(CallRefusedError("Not this one."), "call_refused"), (ProviderFaultError("Down."), "provider_fault")],
)
def test_a_call_without_an_answer_rejects_the_attempt_in_the_providers_words(error: Exception, reason: str) -> None:
    @virtually
    async def is_rejected(clock: VirtualClock) -> None:
        means = some_means(clock, Script(clock, [error]), TEXT_STEP)
        row = await make_record(means, some_books(a_purse(clock), Notes()), FIRST, 0)
        assert (row.reason, row.detail) == (reason, f"step line: {error}")

    is_rejected()


@virtually
async def test_a_prompt_that_cannot_be_rendered_from_its_seed_rejects_the_attempt_unasked(clock: VirtualClock) -> None:
    models = Script(clock, [GOOD])
    template = TEXT_STEP.replace("{{ slot }}", "{{ product.name.first }}")
    means = some_means(clock, models, template, seeds=[{"product": {"name": "tea"}}])
    row = await make_record(means, some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.reason, row.calls, models.asked) == ("render_failed", (), [])
    assert row.detail.startswith("step line: ")


@virtually
async def test_a_record_that_cannot_be_rendered_rejects_the_attempt_and_keeps_its_calls(clock: VirtualClock) -> None:
    template = TEXT_STEP.replace("{{ steps.line.output }}", "{{ steps.line.output | length / 0 }}")
    row = await make_record(
        some_means(clock, FakeModels(echo), template), some_books(a_purse(clock), Notes()), FIRST, 0
    )
    assert (row.reason, row.record, len(row.calls)) == ("render_failed", None, 1)


@virtually
async def test_a_record_that_fails_a_check_is_kept_with_the_first_reason(clock: VirtualClock) -> None:
    template = (
        TEXT_STEP
        + """\
checks:
  - {expect: "{{ record.text | length > 1 }}", reason: too short}
  - {expect: "{{ 'x' in record.text }}", reason: no x}
  - {expect: "{{ 'z' in record.text }}", reason: no z}
"""
    )
    row = await make_record(
        some_means(clock, FakeModels(echo), template), some_books(a_purse(clock), Notes()), FIRST, 0
    )
    assert (row.is_reject, row.detail, row.record) == (True, "no x", {"text": "Say of 0."})
    assert [check.passed for check in row.checks] == [True, False, False]


@virtually
async def test_a_record_like_one_that_stands_is_rejected_and_leaves_no_fingerprint(clock: VirtualClock) -> None:
    template = TEXT_STEP.replace(" of {{ slot }}", "") + "checks: [{unique: text}]\n"
    means = some_means(clock, FakeModels(echo), template)
    first = await make_record(means, some_books(a_purse(clock), Notes()), FIRST, 0)
    second = await make_record(means, some_books(a_purse(clock), Notes()), Slot(1), 0)
    assert first.is_accepted
    assert means.standing.find_like(first.fingerprints) == "duplicate"
    assert (second.reason, second.fingerprints, second.record) == ("duplicate", (), first.record)


@virtually
async def test_a_reject_does_not_keep_a_good_record_from_standing(clock: VirtualClock) -> None:
    template = (
        TEXT_STEP.replace(" of {{ slot }}", "")
        + 'checks: [{unique: text}, {expect: "{{ slot > 0 }}", reason: the first}]\n'
    )
    means = some_means(clock, FakeModels(echo), template)
    rows = [await make_record(means, some_books(a_purse(clock), Notes()), Slot(slot), 0) for slot in range(2)]
    assert [row.is_accepted for row in rows] == [False, True]


@pytest.mark.parametrize(("answer", "hint"), [("hard", "a hint"), ("easy", "")])
def test_a_step_is_asked_when_its_condition_says_so(answer: str, hint: str) -> None:
    template = (
        HEAD
        + """\
steps:
  - {id: kind, prompt: "kind"}
  - {id: hint, when: "{{ steps.kind.output == 'hard' }}", prompt: "hint for {{ steps.kind.output }}"}
record: {hint: "{{ steps.hint.output | default('') }}"}
"""
    )

    @virtually
    async def is_asked(clock: VirtualClock) -> None:
        async def reply(request: Completion) -> Reply:
            await asyncio.sleep(0)
            return say(answer if request.messages[-1].content == "kind" else "a hint")

        models = FakeModels(reply)
        row = await make_record(some_means(clock, models, template), some_books(a_purse(clock), Notes()), FIRST, 0)
        assert row.record == {"hint": hint}
        assert len(models.asked) == 1 + bool(hint)

    is_asked()


@virtually
async def test_steps_that_do_not_need_each_other_run_at_the_same_time(clock: VirtualClock) -> None:
    async def reply(request: Completion) -> Reply:
        await asyncio.sleep(10)
        return say(request.messages[-1].content.upper())

    before = clock.seconds
    row = await make_record(some_means(clock, FakeModels(reply), FORK), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert clock.seconds - before == pytest.approx(20)
    assert row.record == {"left": "LEFT", "right": "RIGHT", "end": "JOIN LEFT RIGHT"}


@virtually
async def test_what_goes_wrong_first_is_the_reason_and_nothing_is_asked_after_it(clock: VirtualClock) -> None:
    async def reply(request: Completion) -> Reply:
        side = request.messages[-1].content
        await asyncio.sleep(1 if side == "left" else 2)
        raise CallRefusedError(f"not {side}")

    models = FakeModels(reply)
    row = await make_record(some_means(clock, models, FORK), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert (row.reason, row.detail, len(models.asked)) == ("call_refused", "step left: not left", 2)


@virtually
async def test_an_attempt_that_may_not_call_any_more_keeps_what_it_paid_for(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), FakeModels(echo)
    books = some_books(purse, Notes())

    async def reply(request: Completion) -> Reply:
        purse.stop()
        return await echo(request)

    with pytest.raises(StoppedError):
        await make_record(some_means(clock, FakeModels(reply), TWO_STEPS), books, FIRST, 0)
    [(slot, attempt, calls)] = books.cut()
    assert (slot, attempt, len(calls)) == (0, 0, 1)

    again = some_books(a_purse(clock), Notes(), calls)
    row = await make_record(some_means(clock, models, TWO_STEPS), again, FIRST, 0)
    assert row.record == {"first": "First of 0", "second": "Second after First of 0"}
    assert [call.entry for call in row.calls] == [False, True]
    assert len(models.asked) == 1


@virtually
async def test_a_reply_that_was_repaired_is_repaired_from_the_same_answers_again(clock: VirtualClock) -> None:
    models = Script(clock, [BAD, GOOD])
    made = await make_record(some_means(clock, models, JSON_STEP), some_books(a_purse(clock), Notes()), FIRST, 0)
    again = some_books(a_purse(clock), Notes(), made.calls)
    row = await make_record(some_means(clock, models, JSON_STEP), again, FIRST, 0)
    assert (row.record, len(models.asked)) == (made.record, 2)
    assert not any(call.entry for call in row.calls)


@virtually
async def test_a_record_is_begun_only_when_its_later_steps_are_covered(clock: VirtualClock) -> None:
    purse, models = a_purse(clock), FakeModels(echo)
    means, books = some_means(clock, models, TWO_STEPS), some_books(purse, Notes())
    await make_record(means, books, FIRST, 0)
    both = NanoUsd(sum(means.covers.seen.values()))
    purse.offer(NanoUsd(purse.spent.total + both - 1))
    making = asyncio.ensure_future(make_record(means, books, Slot(1), 0))
    await asyncio.sleep(1)
    assert (len(models.asked), purse.least) == (2, both)
    purse.accept(NanoUsd(purse.spent.total + both), until=1e12)
    assert (await making).is_accepted


@virtually
async def test_an_attempt_that_ends_frees_what_was_promised_to_it(clock: VirtualClock) -> None:
    async def reply(request: Completion) -> Reply:
        if request.messages[-1].content.startswith("Second") and len(models.asked) > 2:
            raise CallRefusedError("no")
        return await echo(request)

    purse, models = a_purse(clock), FakeModels(reply)
    means, books = some_means(clock, models, TWO_STEPS), some_books(purse, Notes())
    for slot in range(2):
        await make_record(means, books, Slot(slot), 0)
    both = NanoUsd(sum(means.covers.seen.values()))
    purse.offer(NanoUsd(purse.spent.total + both))
    assert (await make_record(means, books, Slot(2), 0)).reason == "call_refused"


@virtually
async def test_a_429_rejects_nothing(clock: VirtualClock) -> None:
    models = Script(clock, [RateLimitedError("later", retry_after=60.0)] * 10 + [GOOD])
    row = await make_record(some_means(clock, models, JSON_STEP), some_books(a_purse(clock), Notes()), FIRST, 0)
    assert row.is_accepted
    assert [call.reply for call in row.calls] == [GOOD.text]


@virtually
async def test_prompts_are_kept_as_they_were_sent(clock: VirtualClock) -> None:
    row = await make_record(
        some_means(clock, FakeModels(echo), TEXT_STEP), some_books(a_purse(clock), Notes()), FIRST, 0
    )
    assert json.loads(row.calls[0].prompt) == [{"role": "user", "content": "Say of 0."}]
