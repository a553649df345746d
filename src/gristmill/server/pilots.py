"""Pilots that were made before: what they measured holds for an order that asks for the same."""

from collections.abc import Mapping
from typing import Final

from gristmill.domain.completion import ModelName
from gristmill.domain.job import ENDED, Job, Order
from gristmill.domain.pricing import Price
from gristmill.jobs.attempts import read_attempts
from gristmill.jobs.pilot import Pilot
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import read_report
from gristmill.server.caller import Caller

# An older one is looked for by nobody: what it measured, and what models charged then, is long past.
LATEST: Final = 20


async def find_pilot(order: Order, caller: Caller, ports: JobPorts) -> Pilot | None:
    """The caller's newest ended pilot of the same recipe, seeds, models and prices that made any attempt."""
    ended = await ports.store.list_jobs(owner=caller.user, kind="pilot", statuses=ENDED, limit=LATEST)
    for job in ended:
        if _is_alike(job.order, order):
            pilot = await _read_pilot(job, ports)
            if pilot.attempts:
                return pilot
    return None


def _is_alike(tried: Order, order: Order) -> bool:
    return (tried.recipe, tried.seeds, tried.aliases, _prices(tried)) == (
        order.recipe,
        order.seeds,
        order.aliases,
        _prices(order),
    )


def _prices(order: Order) -> Mapping[ModelName, tuple[object, ...]]:
    return {name: _charged(model.price) for name, model in order.models.items()}


def _charged(price: Price) -> tuple[object, ...]:
    # A table's name has its date in it: what counts is what it charges.
    return price.rates, price.tiers, price.call


async def _read_pilot(job: Job, ports: JobPorts) -> Pilot:
    report = await read_report(ports.store, ports.clock, job.id)
    began, ended = job.started_at or job.created_at, job.finished_at or report.at
    return Pilot(report=report, rows=await read_attempts(job, ports), seconds=(ended - began).total_seconds())
