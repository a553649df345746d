"""The budget is a wall: by the provider's own books no job costs more, whatever it answers, drops and bills."""

import asyncio
from pathlib import Path

import pytest

from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.domain.completion import Completion, Message, ModelName, Sampling
from gristmill.domain.job import JobStatus
from gristmill.domain.model import Limits
from gristmill.domain.pricing import worst_cost
from gristmill.generation import ask, pace
from support.mill import PRICED, Mill, Outcome
from support.provider import Conduct, Running, serve

IN_FLIGHT = 200
MAX_TOKENS = 400
SHARD = 4_096

# Replies that are no JSON are repaired, and every third record or so is rejected and drawn again.
TEMPLATE = f"""\
name: wall
defaults: {{model: test:model, max_tokens: {MAX_TOKENS}}}
vary: {{number: {{integer: [1, 1000000]}}}}
steps:
  - id: question
    prompt: "Question {{{{ slot }}}} {{{{ number }}}}"
    output: {{type: object, required: [text], properties: {{text: {{type: string}}}}}}
  - {{id: answer, prompt: "Answer {{{{ steps.question.output.text }}}}"}}
record: {{question: "{{{{ steps.question.output.text }}}}", answer: "{{{{ steps.answer.output }}}}"}}
checks: [{{expect: "{{{{ record.question[0] not in '01234' }}}}", reason: a poor question}}]
"""
ONE_CALL = f"""\
name: wall
defaults: {{model: test:model, max_tokens: {MAX_TOKENS}}}
steps: [{{id: line, prompt: "Line {{{{ 100000 + slot }}}}"}}]
"""
FAULTS = {
    "429": 0.03,
    "500": 0.03,
    "reset": 0.01,
    "error_body": 0.01,
    "drop": 0.02,
    "truncated": 0.02,
    "malformed": 0.05,
    "no_usage": 0.02,
}


def worst_of_a_line() -> int:
    """The most that a call of ONE_CALL can cost; all its prompts are as long."""
    request = Completion(
        model=ModelName("test:model"),
        messages=(Message(role="user", content="Line 100000"),),
        sampling=Sampling(max_tokens=MAX_TOKENS),
    )
    return worst_cost(PRICED, request)


def a_conduct(seed: int, **faults: float) -> Conduct:
    """Replies of any length up to the limit, from the worst tokenizer there is."""
    return Conduct(
        latency=0.4,
        jitter=0.1,
        reply_tokens=0,
        bytes_per_token=1,
        input_price=PRICED.rates.input,
        output_price=PRICED.rates.output,
        faults=faults,
        retry_after="0.05",
        random_seed=seed,
    )


async def work(mill: Mill, provider: Running, workers: int) -> None:
    models = [OpenAiModels(Endpoints(default=Endpoint(base_url=provider.base_url))) for _ in range(workers)]
    try:
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(models):
                group.create_task(mill.work(one, worker=f"worker-{number}"))
    finally:
        for one in models:
            await one.close()


async def spend(
    folder: Path, conduct: Conduct, template: str, *, budget: int, workers: int
) -> tuple[Outcome, dict[str, int]]:
    """The end of a job that wants far more than its budget, and the provider's books."""
    mill = Mill(folder)
    limits = Limits(max_in_flight=IN_FLIGHT)
    await mill.order(template, records=SHARD * max(workers, 2), price=PRICED, budget=budget, limits=limits)
    with serve(conduct) as provider:
        await work(mill, provider, workers)
        return await mill.read(), provider.stats()


async def require_wall(folder: Path, *, seed: int, workers: int) -> None:
    budget = 1_000 * worst_of_a_line()
    outcome, books = await spend(folder, a_conduct(seed, **FAULTS), TEMPLATE, budget=budget, workers=workers)
    totals = outcome.totals
    assert outcome.job.status is JobStatus.BUDGET_EXHAUSTED
    assert books["billed_nano"] <= budget
    assert totals.spent.billed <= books["billed_nano"] <= totals.spent.total == totals.granted <= budget
    assert totals.lost == 0
    assert {"a poor question"} <= totals.rejects.keys()
    assert totals.counts.retried > 0
    assert books["most_in_flight"] >= IN_FLIGHT * 0.9


async def require_spent(folder: Path, *, seed: int, workers: int) -> None:
    worst = worst_of_a_line()
    budget = 200 * worst
    outcome, books = await spend(folder, a_conduct(seed), ONE_CALL, budget=budget, workers=workers)
    assert outcome.job.status is JobStatus.BUDGET_EXHAUSTED
    assert 0.95 * budget <= books["billed_nano"] <= budget
    assert outcome.totals.spent.total == outcome.totals.spent.billed == books["billed_nano"] == outcome.totals.granted
    assert budget - outcome.totals.granted < worst
    assert len(outcome.records) == books["calls"]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "BACKOFF_SECONDS", 0.02)
    # All 200 from the first moment: how soon a window opens is the pace's business.
    monkeypatch.setattr(pace, "START", IN_FLIGHT)


@pytest.mark.parametrize(("seed", "workers"), [(1, 1), (2, 2), (3, 8)])
async def test_no_provider_can_bill_more_than_the_budget(quick_path: Path, seed: int, workers: int) -> None:
    await require_wall(quick_path, seed=seed, workers=workers)


@pytest.mark.parametrize(("seed", "workers"), [(1, 1), (2, 2), (3, 8)])
async def test_a_budget_is_spent_until_it_covers_no_next_call(quick_path: Path, seed: int, workers: int) -> None:
    await require_spent(quick_path, seed=seed, workers=workers)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("seed", range(10, 25))
async def test_the_wall_stands_whatever_the_replies(quick_path: Path, seed: int, workers: int) -> None:
    await require_wall(quick_path / "faults", seed=seed, workers=workers)
    await require_spent(quick_path / "none", seed=seed, workers=workers)
