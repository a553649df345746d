"""A few calls that somebody waits for: jobs like all others, with a budget and a ledger."""

import asyncio
from collections.abc import Sequence

import yaml

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.domain.json import JsonObject
from gristmill.jobs.attempts import read_attempts, seeds_of
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.preview import attempt_json
from gristmill.jobs.report import JobReport, read_report
from gristmill.recipes import compile_template

LOOK_SECONDS = 0.2

TEST_PROMPT = "Say hello in one short sentence."
# Enough for a model that thinks before it answers; what is not used costs nothing.
TEST_TOKENS = 256


def template_of_test(model: str) -> str:
    """A template that asks a model one short question."""
    step = {"id": "hello", "model": model, "prompt": TEST_PROMPT, "max_tokens": TEST_TOKENS}
    return yaml.safe_dump(
        {"name": "model-test", "steps": [step], "attempts": {"repair": 0, "redraw": 0}}, sort_keys=False
    )


async def await_job(ports: JobPorts, job: JobId, *, seconds: float) -> JobReport:
    """The job once it has ended, or as it stands when the time is over: it goes on then."""
    ends_at = ports.clock.monotonic() + seconds
    report = await read_report(ports.store, ports.clock, job)
    while not report.job.has_ended and ports.clock.monotonic() < ends_at:
        await asyncio.sleep(LOOK_SECONDS)
        report = await read_report(ports.store, ports.clock, job)
    return report


async def trial_items(job: Job, ports: JobPorts) -> Sequence[JsonObject]:
    """The Preview shape of every attempt that was committed."""
    rows, recipe = await read_attempts(job, ports), compile_template(job.order.template)
    seeds = seeds_of(rows, job, ports)
    return [attempt_json(recipe, row, seeds[row.slot]) for row in rows]
