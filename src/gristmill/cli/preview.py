"""`gristmill preview`: a few records before many."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.text import Text

from gristmill.cli.aside import how_it_ended, watch_aside
from gristmill.cli.boundary import OK, about
from gristmill.cli.options import OrderOptions
from gristmill.cli.outcome import exit_code
from gristmill.cli.rows import show_draws, show_inset, show_messages, show_row
from gristmill.cli.run import make_order
from gristmill.cli.terminal import OUT, json_text, say, write
from gristmill.domain.job import JobStatus
from gristmill.domain.json import JsonObject
from gristmill.jobs.create import plan_order
from gristmill.jobs.preview import SlotPreview, attempt_json, preview_json, preview_slots
from gristmill.jobs.report import report_json
from gristmill.ports.renderer import Draft
from gristmill.recipes import compile_template
from gristmill.wiring.mill import MillOrder, draft


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

    With calls it is a job of its own, with --budget for it alone, and touches no dataset. Ctrl-C shows what was made.

    Parameters
    ----------
    template
        The template file.
    n
        How many records.
    no_call
        Call no model: show seeds, draws and prompts, with ‹step› for answers that are not known.
    as_json
        Print one JSON document: {items: [one for each attempt], job}.
    """
    with about(template):
        wanted = make_order(template, n, order)
        return await (_draft(wanted, as_json=as_json) if no_call else _make(wanted, as_json=as_json))


async def _draft(wanted: MillOrder, *, as_json: bool) -> int:
    async with draft(wanted) as (request, ports):
        recipe = compile_template(request.template)
        previews = await preview_slots(recipe, plan_order(recipe, request, ports), request, ports, n=request.records)
    if as_json:
        _write_document([preview_json(shown) for shown in previews], None)
        return OK
    for shown in previews:
        _show(shown)
    return OK


async def _make(wanted: MillOrder, *, as_json: bool) -> int:
    made = await watch_aside(replace(wanted, kind="preview"))
    recipe, job = compile_template(wanted.template), made.report.job
    if as_json:
        _write_document(
            [attempt_json(recipe, row, made.seeds[row.slot]) for row in made.rows], report_json(made.report)
        )
    else:
        for row in made.rows:
            show_row(recipe, row, made.seeds[row.slot])
    say(how_it_ended(made.report), style="red" if job.status is JobStatus.FAILED else "")
    return exit_code(job.status)


def _write_document(items: list[JsonObject], job: JsonObject | None) -> None:
    write(json_text({"items": items, "job": job}, indent=2))


def _show(shown: SlotPreview) -> None:
    OUT.rule(Text(f"record {shown.slot}", style="bold"), align="left", style="dim")
    show_draws(shown.seed, shown.values)
    for call in shown.calls:
        _show_call(call)
    OUT.print()


def _show_call(call: Draft) -> None:
    if not call.is_wanted:
        OUT.print(Text.assemble((call.step, "bold cyan"), ("  skipped by its condition", "dim")))
        return
    OUT.print(Text(call.step, style="bold cyan"))
    if call.problem:
        show_inset("", call.problem, style="red")
    elif not call.messages:
        show_inset("", "asked about answers that are not known yet", style="dim")
    show_messages(call.messages)
