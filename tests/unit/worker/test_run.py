"""One worker, or two, from a created job to its end: real store, blobs and journal, models of the test's own."""

import asyncio
import itertools
import random
from pathlib import Path

import pytest

from gristmill.domain.completion import Completion, Reply
from gristmill.domain.job import JobStatus
from gristmill.domain.model import Limits
from gristmill.domain.usage import Usage
from gristmill.errors import CallRefusedError, ProviderFaultError, RateLimitedError
from gristmill.worker import keeper
from support.mill import ONE_STEP, PRICED, FakeModels, Mill, echo, say

UNIQUE = ONE_STEP.replace("Slot {{ slot }}: something", "Something") + "checks: [{unique: line}]\n"
TWO_STEPS = """\
name: two-steps
defaults: {model: test:model, max_tokens: 50}
steps:
  - {id: first, prompt: "First of {{ slot }}"}
  - {id: second, prompt: "Second after {{ steps.first.output }}"}
record: {slot: "{{ slot }}", text: "{{ steps.second.output }}"}
"""


@pytest.fixture
def mill(tmp_path: Path) -> Mill:
    return Mill(tmp_path)


async def test_every_slot_is_accepted_once_and_billed_once(mill: Mill) -> None:
    await mill.order(records=100, price=PRICED, budget=100_000_000)
    models = FakeModels(echo)
    await mill.work(models)
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    assert [row.slot for row in outcome.records] == list(range(100))
    assert len(models.asked) == 100
    assert outcome.totals.spent.billed == 100 * 60_000 == outcome.totals.granted


async def test_slots_beyond_one_shard_are_made_too(mill: Mill) -> None:
    await mill.order(records=4_500)
    await mill.work(FakeModels(echo))
    outcome = await mill.read()
    assert [row.slot for row in outcome.records] == list(range(4_500))


async def test_a_record_like_one_before_is_redrawn_until_attempts_are_used_up(mill: Mill) -> None:
    await mill.order(UNIQUE, records=6)
    await mill.work(FakeModels(echo))
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.SHORT
    assert sorted({str(row.record) for row in outcome.records}) == sorted(str(row.record) for row in outcome.records)
    assert len(outcome.records) + outcome.totals.short == 6
    assert set(outcome.totals.rejects) == {"duplicate"}
    assert max(row.attempt for row in outcome.rejects) == 2


async def test_near_duplicates_of_several_workers_are_sifted_out_after_a_restart_too(mill: Mill) -> None:
    chance, drain = random.Random(3), asyncio.Event()

    async def answer(_: Completion) -> Reply:
        await asyncio.sleep(0)
        if next(asked) == 1_000:
            drain.set()
        kind = chance.randrange(100_000)
        # Two of a kind share 23 of 27 shingles, far from 0.6; two of different kinds share one word at most.
        words = " ".join(f"{word}{kind}" for word in "abcdefghijkl")
        return say(f"{words} {chance.choice(['today', 'tomorrow'])}")

    asked = itertools.count()
    near = ONE_STEP.replace("Slot {{ slot }}: something", "Something") + (
        "checks: [{distinct: line, similarity: 0.6}]\nattempts: {redraw: 9}\n"
    )
    await mill.order(near, records=4_600)
    await mill.work(FakeModels(answer), worker="a", drain=drain)
    assert 0 < len((await mill.read()).records) < 4_600
    async with asyncio.TaskGroup() as workers:
        for name in ("b", "c"):
            workers.create_task(mill.work(FakeModels(answer), worker=name))
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    kinds = [str((row.record or {})["line"]).split()[0] for row in outcome.records]
    assert len(kinds) == len(set(kinds)) == 4_600
    assert {row.reason for row in outcome.rejects} == {"near_duplicate"}


async def test_what_two_workers_made_twice_is_sifted_out_and_made_again(mill: Mill) -> None:
    chance = random.Random(2)

    async def answer(_: Completion) -> Reply:
        await asyncio.sleep(0)
        return say(str(chance.randrange(100_000)))

    # Chance alone makes about one slot in a hundred thousand a duplicate ten times: none of these runs short.
    await mill.order(UNIQUE + "attempts: {redraw: 9}\n", records=4_600)
    async with asyncio.TaskGroup() as workers:
        for name in ("a", "b"):
            workers.create_task(mill.work(FakeModels(answer), worker=name))
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    lines = [row.record["line"] for row in outcome.records if row.record]
    assert len(set(lines)) == len(lines) == 4_600
    assert outcome.totals.withdrawn > 0
    # A record that was withdrawn was paid for and is told of like any other reject.
    assert outcome.totals.rejects == {"duplicate": len(outcome.rejects)} == {"duplicate": outcome.totals.rejected}


async def test_the_budget_is_spent_to_the_last_call_it_covers_and_never_beyond(mill: Mill) -> None:
    chance = random.Random(1)
    billed = 0

    async def answer(_: Completion) -> Reply:
        nonlocal billed
        await asyncio.sleep(chance.uniform(0, 0.01))
        usage = Usage(input=chance.randrange(1, 20), output=chance.randrange(1, 51))
        billed += usage.input * 1_000 + usage.output * 4_000
        return say("x", usage)

    budget = 200 * 800_000
    await mill.order(records=5_000, price=PRICED, budget=budget)
    await mill.work(FakeModels(answer))
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.BUDGET_EXHAUSTED
    assert 0.95 * budget <= billed <= budget
    assert outcome.totals.spent.billed == billed == outcome.totals.granted


async def test_money_that_is_short_finishes_records_begun_before_it_begins_others(mill: Mill) -> None:
    async def answer(request: Completion) -> Reply:
        await asyncio.sleep(0.001)
        return say(request.messages[-1].content, Usage(input=20, output=50))

    await mill.order(TWO_STEPS, records=500, price=PRICED, budget=30_000_000)
    models = FakeModels(answer)
    await mill.work(models)
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.BUDGET_EXHAUSTED
    begun = sum(request.messages[-1].content.startswith("First") for request in models.asked)
    assert begun - len(outcome.records) <= 1


async def test_money_promised_to_a_record_that_waits_to_be_sent_again_is_kept_for_it(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "COMMIT_SECONDS", 0.1)
    refused = 0

    async def answer(request: Completion) -> Reply:
        nonlocal refused
        text = request.messages[-1].content
        if text == "Second after First of 3" and not refused:
            refused += 1
            raise RateLimitedError("later", retry_after=1.0)
        return say(text, Usage(input=20, output=50))

    # Four records cost 4 x 440,000. The fifth would need 1,490,000 at its worst.
    await mill.order(TWO_STEPS, records=10, price=PRICED, budget=3_200_000, limits=Limits(max_in_flight=1))
    await mill.work(FakeModels(answer))
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.BUDGET_EXHAUSTED
    assert refused == 1
    assert [row.slot for row in outcome.records] == [0, 1, 2, 3]


async def test_a_key_that_is_refused_fails_the_job_in_the_providers_words(mill: Mill) -> None:
    async def refuse(_: Completion) -> Reply:
        raise CallRefusedError("Incorrect API key provided.", status=401, hopeless=True)

    await mill.order(records=1_000)
    models = FakeModels(refuse)
    await mill.work(models)
    outcome = await mill.read()
    assert (outcome.job.status, outcome.job.detail) == (JobStatus.FAILED, "Incorrect API key provided.")
    assert len(models.asked) < 20
    assert not outcome.records
    assert not outcome.rejects


async def test_a_prompt_that_is_refused_rejects_its_own_record_alone(mill: Mill) -> None:
    async def answer(request: Completion) -> Reply:
        if "Slot 3:" in request.messages[-1].content:
            raise CallRefusedError("This prompt breaks our rules.")
        return await echo(request)

    await mill.order(records=10)
    await mill.work(FakeModels(answer))
    outcome = await mill.read()
    assert [row.slot for row in outcome.records] == [slot for slot in range(10) if slot != 3]
    assert {row.reason for row in outcome.rejects} == {"call_refused"}
    assert "This prompt breaks our rules." in outcome.rejects[0].detail


async def test_faults_are_sent_again_and_their_worst_case_is_presumed(mill: Mill) -> None:
    seen = set[str]()

    async def answer(request: Completion) -> Reply:
        text = request.messages[-1].content
        if text not in seen:
            seen.add(text)
            raise ProviderFaultError("500")
        return await echo(request)

    await mill.order(records=3, price=PRICED, budget=100_000_000)
    await mill.work(FakeModels(answer))
    outcome = await mill.read()
    assert len(outcome.records) == 3
    assert outcome.totals.counts.retried == 3
    assert outcome.totals.spent.billed == 3 * 60_000
    assert outcome.totals.spent.presumed >= 3 * 50 * 4_000
    assert outcome.totals.granted == outcome.totals.spent.total


async def test_a_429_costs_nothing_and_uses_up_no_attempt(mill: Mill) -> None:
    refused = 0

    async def answer(request: Completion) -> Reply:
        nonlocal refused
        if refused < 30:
            refused += 1
            raise RateLimitedError("slow down", retry_after=0.01)
        return await echo(request)

    await mill.order(records=5, price=PRICED, budget=100_000_000)
    await mill.work(FakeModels(answer))
    outcome = await mill.read()
    assert len(outcome.records) == 5
    assert not outcome.rejects
    assert outcome.totals.spent.total == 5 * 60_000


async def test_a_bill_beyond_the_bound_is_recorded_and_stops_the_job(mill: Mill) -> None:
    async def overcharge(_: Completion) -> Reply:
        await asyncio.sleep(0)
        return say("x", Usage(input=20, output=1_000_000))

    await mill.order(records=500, price=PRICED, budget=10_000_000)
    models = FakeModels(overcharge)
    await mill.work(models)
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.FAILED
    assert "more than its price" in outcome.job.detail
    assert outcome.totals.spent.billed == len(models.asked) * 4_000_020_000


async def test_a_drain_ends_what_is_in_flight_and_another_worker_goes_on(mill: Mill) -> None:
    drain = asyncio.Event()

    async def answer(request: Completion) -> Reply:
        if len(models.asked) == 30:
            drain.set()
        await asyncio.sleep(0.01)
        return await echo(request)

    await mill.order(TWO_STEPS, records=100, price=PRICED, budget=100_000_000)
    models = FakeModels(answer)
    await mill.work(models, drain=drain)
    assert (await mill.read()).job.status is JobStatus.RUNNING
    await mill.work(models, worker="next")
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    assert len(models.asked) == 200
    assert outcome.totals.spent.billed == 200 * 60_000
    assert outcome.totals.lost == 0


async def test_independent_steps_run_at_the_same_time(mill: Mill) -> None:
    both = asyncio.Barrier(2)

    async def answer(request: Completion) -> Reply:
        if "join" not in request.messages[-1].content:
            await both.wait()
        return say("done")

    template = """\
name: fork
defaults: {model: test:model, max_tokens: 50}
steps:
  - {id: left, prompt: "left"}
  - {id: right, prompt: "right"}
  - {id: end, prompt: "join {{ steps.left.output }} {{ steps.right.output }}"}
"""
    await mill.order(template, records=1)
    async with asyncio.timeout(10):
        await mill.work(FakeModels(answer))
    assert len((await mill.read()).records) == 1


async def test_filters_draw_the_same_whoever_makes_the_record(tmp_path: Path) -> None:
    prompt = "{{ slot }} {{ range(1000) | random_choice }} {{ range(9) | sample(3) }}"
    template = f"name: drawn\ndefaults: {{model: test:model}}\nsteps: [{{id: a, prompt: '{prompt}'}}]\n"
    asked: list[set[str]] = []
    for workers in (1, 3):
        mill = Mill(tmp_path / str(workers))
        mill.folder.mkdir()
        await mill.order(template, records=4200)
        models = FakeModels(echo)
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(mill.work(models, worker=f"worker-{number}"))
        asked.append({request.messages[0].content for request in models.asked})
    assert asked[0] == asked[1]
    assert len(asked[0]) == 4200
    assert len({prompt.split(" ", 1)[1] for prompt in asked[0]}) > 4000
