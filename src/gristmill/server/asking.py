"""One short question to a model, asked as a job with a budget of its own, by somebody who waits for the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.jobs.create import create_job
from gristmill.jobs.report import JobReport
from gristmill.jobs.request import JobRequest
from gristmill.jobs.trial import await_job, template_of_test, trial_items
from gristmill.server.caller import Caller
from gristmill.wiring.chance import new_chance

QUESTION_BUDGET: Final = parse_usd("0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the job stands, which goes on if it has not ended yet, and the attempts it has made so far."""

    report: JobReport
    items: Sequence[JsonObject]


async def ask_model(
    model: str, caller: Caller, *, seconds: float, budget: NanoUsd = QUESTION_BUDGET, job: JobId | None = None
) -> Answer:
    """Ask a model, or what an alias stands for, and wait so many seconds at most.

    Raises what `create_job` raises; a model that was asked and failed is told by the report.
    """
    ports = await caller.service.job_ports(caller.user)
    aliases = await caller.service.aliases(caller.user)
    order = JobRequest(
        id=job,
        owner=caller.user,
        kind="test",
        template=template_of_test("tested"),
        records=1,
        aliases={"tested": aliases.get(model, ModelName(model))},
        budget=budget,
        is_trusted=False,
        is_linted=True,
    )
    made = await create_job(order, ports, chance=new_chance())
    report = await await_job(ports, made.id, seconds=seconds)
    return Answer(report=report, items=await trial_items(report.job, ports))
