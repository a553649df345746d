import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.domain.completion import Completion, Reply
from gristmill.domain.job import JobStatus
from gristmill.domain.money import NanoUsd
from gristmill.domain.sharding import spread_slots
from gristmill.errors import BadInputError, BudgetRequiredError
from gristmill.jobs.attempts import read_attempts, seeds_of
from gristmill.jobs.create import create_job, plan_order
from gristmill.jobs.estimate import estimate_json, estimate_order
from gristmill.jobs.follow import Follower, StopSwitch
from gristmill.jobs.pilot import Pilot, check_pilot, measure
from gristmill.jobs.preview import attempt_json
from gristmill.jobs.request import JobRequest
from gristmill.recipes import compile_template
from support.mill import FakeModels, say
from support.orders import PRICED_MODEL, TEMPLATE, RoomExecutor, a_request, chance, open_ports

CHECKED = TEMPLATE + "checks: [{expect: \"{{ record.answer != 'No.' }}\", reason: it says no}]\n"
# 20 tokens in and 10 out at 1 and 4 dollars a million.
CALL_COST = NanoUsd(60_000)


async def answer(request: Completion) -> Reply:
    """Valid for both steps."""
    await asyncio.sleep(0)
    return say(json.dumps({"text": "Why?"}) if request.schema else "Because.")


def first_says(*words: str) -> Callable[[Completion], Awaitable[Reply]]:
    """Answers whose first ones are these."""
    left = list(words)

    async def reply(request: Completion) -> Reply:
        return say(left.pop(0)) if left else await answer(request)

    return reply


async def try_out(folder: Path, models: FakeModels, **changes: object) -> tuple[Pilot, dict[str, object]]:
    """A pilot with one worker, and the estimate for a thousand records that goes by it."""
    given = {"aliases": {"cheap": PRICED_MODEL}, "budget": NanoUsd(10**9), "max_in_flight": 1, "template": CHECKED}
    asked = {"records": 5, "kind": "pilot", "spread_over": 1000, **given, **changes}
    async with open_ports(folder) as ports:
        request = replace(await a_request(ports, folder), **asked)  # type: ignore[arg-type]
        job = await create_job(request, ports, chance=chance())
        executor = RoomExecutor(ports, folder, models)
        watch = Follower(
            store=ports.store,
            executor=executor,
            clock=ports.clock,
            watch=lambda _report, _events: None,
            switch=StopSwitch(),
        )
        report = await watch.follow(job.id, 1)
        pilot = Pilot(report=report, rows=await read_attempts(report.job, ports), seconds=3.0)
        recipe = compile_template(request.template)
        many = JobRequest(template=request.template, records=1000, seeds=request.seeds, aliases=request.aliases)
        guess = await estimate_order(recipe, plan_order(recipe, many, ports), many, ports, pilot)
    return pilot, dict(estimate_json(guess))


async def test_a_pilot_measures_calls_repairs_acceptance_and_cost_on_slots_spread_over_the_order(
    tmp_path: Path,
) -> None:
    # The first question needs a repair, and the first answer is refused by the check.
    models = FakeModels(first_says("no JSON", '{"text": "Why?"}', "No."))
    pilot, shape = await try_out(tmp_path, models)
    grounds = measure(pilot)
    assert pilot.report.job.kind == "pilot"
    assert {row.slot for row in pilot.rows} == set(spread_slots(5, over=1000))
    # Five attempts of two calls and one of three; five of six accepted.
    assert grounds.load.calls.likely == pytest.approx(13 / 6)
    assert grounds.load.cost.likely == pytest.approx(CALL_COST * 13 / 6)
    assert grounds.acceptance.likely == pytest.approx(5 / 6)
    # Each slot takes 1 + 1/6 + 1/36 attempts: CHECKED leaves two redraws.
    assert shape["calls"] == round(1000 * (1 + 1 / 6 + 1 / 36) * 13 / 6)
    assert shape["acceptance"]["from"] == "pilot"  # type: ignore[index]
    spent = shape["pilot"]
    assert isinstance(spent, dict)
    assert (spent["calls"], spent["repairs"], spent["cost_usd"]) == (13, 1, "0.00078")
    assert "5 records" in str(shape["basis"])


async def test_a_pilot_that_runs_out_of_money_measures_what_it_made_and_says_so(tmp_path: Path) -> None:
    # The worst case of a call is about 0.0008 dollars: the money is enough for some calls, not for all.
    pilot, shape = await try_out(tmp_path, FakeModels(answer), budget=NanoUsd(1_700_000), records=20)
    assert pilot.report.job.status is JobStatus.BUDGET_EXHAUSTED
    assert 0 < len(pilot.attempts) < 20
    assert pilot.report.totals.spent.total <= 1_700_000
    assert any("ended as budget_exhausted" in warning for warning in shape["warnings"])  # type: ignore[attr-defined]


async def test_a_pilot_with_a_priced_model_needs_a_budget_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(BudgetRequiredError):
        await try_out(tmp_path, FakeModels(answer), budget=None)


@pytest.mark.parametrize("records", [0, 21, 50])
def test_a_pilot_makes_between_one_and_twenty_records(records: int) -> None:
    with pytest.raises(BadInputError, match=str(records)):
        check_pilot(records)


async def test_attempts_show_repairs_redraws_outputs_and_what_was_wrong(tmp_path: Path) -> None:
    models = FakeModels(first_says("no JSON", '{"text": "Why?"}', "No."))
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, template=CHECKED, records=1, kind="preview", max_in_flight=1)
        job = await create_job(request, ports, chance=chance())
        watch = Follower(
            store=ports.store,
            executor=RoomExecutor(ports, tmp_path, models),
            clock=ports.clock,
            watch=lambda _report, _events: None,
            switch=StopSwitch(),
        )
        await watch.follow(job.id, 1)
        rows = await read_attempts(job, ports)
        seeds = seeds_of(rows, job, ports)
        listed = await ports.store.list_jobs()
    recipe = compile_template(CHECKED)
    refused, accepted = (attempt_json(recipe, row, seeds[row.slot]) for row in rows)
    assert listed == []
    assert [(refused["outcome"], refused["reason"]), accepted["outcome"]] == [("rejected", "it says no"), "accepted"]
    assert refused["seed"] == accepted["seed"] == {"city": {"name": "Lima"}}
    steps = refused["steps"]
    assert isinstance(steps, list)
    assert [(step["id"], step["kind"]) for step in steps] == [
        ("question", "call"),
        ("question", "repair"),
        ("answer", "call"),
    ]
    assert steps[0]["output"] is None
    assert "not valid JSON" in steps[0]["problem"]
    assert steps[1]["output"] == {"text": "Why?"}
    assert [turn["role"] for turn in steps[1]["messages"]] == ["user", "assistant", "user"]
    assert steps[2]["output"] == "No."
    assert refused["checks"] == [{"check": "expect:1", "passed": False, "value": None, "words": "it says no"}]
    assert rows[0].calls[0].usage.input == 20
