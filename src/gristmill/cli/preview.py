"""`gristmill preview`: a few records before many."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.padding import Padding
from rich.text import Text

from gristmill.cli.boundary import OK, about
from gristmill.cli.options import OrderOptions
from gristmill.cli.outcome import exit_code
from gristmill.cli.rows import row_json, show_row
from gristmill.cli.run import make_order
from gristmill.cli.terminal import OUT, json_text, say, show_money, write
from gristmill.domain.job import JobStatus
from gristmill.jobs.create import plan_order
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.preview import SlotPreview, StepPreview, preview_json, preview_slots
from gristmill.recipes import compile_template
from gristmill.wiring.mill import MillOrder, draft, mill_aside


async def preview(
    template: Path,
    /,
    *,
    n: Annotated[int, Parameter(name=["-n", "--records"], validator=validators.Number(gte=1, lte=100))] = 3,
    no_call: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
    order: OrderOptions = OrderOptions(),
) -> int:
    """Look at a few records before making many: their seeds, draws, prompts and what models answer.

    Example: gristmill preview templates/support-qa.yaml --seeds examples/products.jsonl -n 2 --no-call

    Parameters
    ----------
    template
        The template file.
    n
        How many records.
    no_call
        Call no model: show seeds, draws and prompts, with ‹step› for answers that are not known.
    as_json
        Print one JSON object for each record.
    """
    with about(template):
        wanted = make_order(template, n, order)
        return await (_draft(wanted, as_json=as_json) if no_call else _make(wanted, as_json=as_json))


async def _draft(wanted: MillOrder, *, as_json: bool) -> int:
    async with draft(wanted) as (request, ports):
        recipe = compile_template(request.template)
        previews = preview_slots(recipe, plan_order(recipe, request, ports), request, ports, n=request.records)
    for shown in previews:
        if as_json:
            write(json_text(preview_json(shown)))
        else:
            _show(shown)
    return OK


async def _make(wanted: MillOrder, *, as_json: bool) -> int:
    order = replace(wanted, kind="preview")
    made = await mill_aside(order, StopSwitch())
    report = made.report
    for row in made.rows:
        seed = made.seeds.get(row.seed_row) if row.seed_row is not None else None
        if as_json:
            write(json_text(row_json(row, seed)))
        else:
            show_row(row, seed)
    if report.job.status is JobStatus.FAILED:
        say(report.job.detail, style="red")
    elif not as_json:
        say(
            f"{report.totals.accepted} of {report.job.records} accepted, {show_money(report.totals.spent.total)} spent."
        )
    return exit_code(report.job.status)


def _show(shown: SlotPreview) -> None:
    OUT.rule(Text(f"record {shown.slot}", style="bold"), align="left", style="dim")
    for name, value in (("seed", shown.seed), ("values", shown.values)):
        if value:
            OUT.print(Text.assemble((f"{name:<8}", "dim"), json_text(value)))
    for step in shown.steps:
        _show_step(step)
    OUT.print()


def _show_step(step: StepPreview) -> None:
    if not step.is_wanted:
        OUT.print(Text.assemble((step.step.id, "bold cyan"), ("  skipped by its condition", "dim")))
        return
    OUT.print(Text(step.step.id, style="bold cyan"))
    if step.problem:
        OUT.print(Padding(Text(step.problem, style="red"), (0, 0, 0, 2)))
    for message in step.messages:
        OUT.print(Padding(Text.assemble((f"{message.role}: ", "dim"), message.content.rstrip()), (0, 0, 0, 2)))
