"""One short question to a model, asked as a job with a budget of its own, by somebody who waits for the answer."""

from typing import Final

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import JobId
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.jobs.request import JobRequest
from gristmill.jobs.trial import template_of_test
from gristmill.server.caller import Caller
from gristmill.server.trials import Tried, make_and_await

QUESTION_BUDGET: Final = parse_usd("0.05")


async def ask_model(
    model: str, caller: Caller, *, seconds: float, budget: NanoUsd = QUESTION_BUDGET, job: JobId | None = None
) -> Tried:
    """Ask a model, or what an alias stands for, and wait so many seconds at most.

    Raises what `create_job` raises; a model that was asked and failed is told by the report.
    """
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
    return await make_and_await(order, caller, seconds=seconds)
