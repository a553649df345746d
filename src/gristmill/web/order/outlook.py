"""What can be said of an order as far as it is filled in: its estimate, or plainly what it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass

from gristmill.domain.job import Job
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.errors import BadInputError, Finding, NotFoundError, RenderError
from gristmill.jobs.create import read_order
from gristmill.jobs.estimate import Estimate, estimate_json, estimate_order
from gristmill.server.caller import Caller
from gristmill.server.orders import NamedOrder, request_of
from gristmill.server.pilots import find_pilot
from gristmill.web.order.choices import Chosen
from gristmill.web.order.form import OrderForm, random_seed_of, records_of, wrong_numbers
from gristmill.web.typed import read_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An estimate with what to think of before ordering, or the sentences that say why there is none yet.

    `pilot` is the job whose measures the estimate rests on, if there is one.
    """

    estimate: JsonObject | None = None
    lacks: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    warnings: Sequence[str] = ()
    pilot: Job | None = None


def order_of(form: OrderForm, chosen: Chosen, *, is_pilot: bool = False) -> NamedOrder:
    """The order that a form without wrong fields stands for. What the template does not use is left out."""
    sets = {choice.name: choice.chosen for choice in chosen.sets if choice.chosen}
    return NamedOrder(
        template=form.template,
        version=chosen.version.version if chosen.version else None,
        seeds=sets,
        records=records_of(form),
        budget=read_usd(form.budget),
        models={choice.alias: choice.name for choice in chosen.models if choice.typed},
        random_seed=random_seed_of(form),
        name=form.name,
        is_pilot=is_pilot,
    )


def lacks_of(form: OrderForm, chosen: Chosen) -> dict[str, str]:
    """What keeps the form from being an order, by field; money aside."""
    return {**chosen.lacks, **wrong_numbers(form)}


async def look_ahead(form: OrderForm, chosen: Chosen, caller: Caller) -> Outlook:
    """The outlook on an order. Nothing is called, and nothing is spent."""
    if chosen.problem is not None:
        return Outlook(lacks=[str(chosen.problem)], findings=chosen.problem.findings)
    if lacks := lacks_of(form, chosen):
        return Outlook(lacks=[*lacks.values()])
    try:
        return await _estimate(form, chosen, caller)
    except BadInputError as error:
        return Outlook(lacks=[str(error)], findings=error.findings)
    except (NotFoundError, RenderError) as error:
        return Outlook(lacks=[str(error)])


async def _estimate(form: OrderForm, chosen: Chosen, caller: Caller) -> Outlook:
    ports = await caller.service.job_ports(caller.user)
    request = await request_of(order_of(form, chosen), caller)
    planned = await read_order(request, ports)
    pilot = await find_pilot(planned.order, caller, ports)
    estimate = await estimate_order(planned.recipe, planned.order, request, ports, pilot)
    return Outlook(
        estimate=estimate_json(estimate),
        warnings=[*_on_budget(request.budget, chosen, estimate), *estimate.warnings],
        pilot=pilot.report.job if pilot else None,
    )


def _on_budget(budget: NanoUsd | None, chosen: Chosen, estimate: Estimate) -> Sequence[str]:
    cost = estimate.load.cost
    if budget is None:
        return ["These models cost money, so the job needs a budget."] if chosen.costs_money else []
    if budget < cost.likely:
        return [f"The budget of ${show_usd(budget)} is below the likely cost: the job will stop before its end."]
    if budget < cost.high:
        return [f"The budget of ${show_usd(budget)} may not last for all records."]
    return []
