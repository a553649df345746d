"""`gristmill estimate`: what an order will cost and take."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter, validators
from rich.table import Table

from gristmill.cli.aside import how_it_ended, watch_aside
from gristmill.cli.boundary import OK, about
from gristmill.cli.options import OrderOptions
from gristmill.cli.outcome import exit_code
from gristmill.cli.run import make_order
from gristmill.cli.terminal import OUT, count, say, say_error, show_duration, show_money, write
from gristmill.domain.job import JobStatus
from gristmill.jobs.create import plan_order
from gristmill.jobs.estimate import Estimate, estimate_json, estimate_order
from gristmill.jobs.pilot import PILOT_RECORDS, Pilot, check_pilot
from gristmill.jobs.spread import Spread
from gristmill.recipes import compile_template
from gristmill.wiring.mill import MillOrder, draft

# Optional values are lists to the parser: () is the bare option.
PilotOption = Annotated[tuple[int, ...] | None, Parameter(consume_multiple=(0, 1), negative=(), show_default=False)]


async def estimate(
    template: Path,
    /,
    *,
    records: Annotated[int, Parameter(name=["--records", "-n"], validator=validators.Number(gte=1))],
    pilot: PilotOption = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
    order: OrderOptions = OrderOptions(),
) -> int:
    """Say what an order will cost and how long it will take. Without --pilot nothing is called and nothing is spent.

    Example: gristmill estimate templates/support-qa.yaml --seeds examples/products.jsonl --records 10000

    Parameters
    ----------
    template
        The template file.
    records
        How many accepted records the order is for.
    pilot
        Make so many of them first, 10 when no number follows and at most 20, and go by what they took. --budget is
        then the pilot's.
    as_json
        Print the estimate as one JSON object.
    """
    with about(template):
        wanted = make_order(template, records, order)
        tried = None if pilot is None else await _try(wanted, check_pilot(*pilot or (PILOT_RECORDS,)))
        if tried is not None and not tried.attempts:
            say_error(f"The pilot measured nothing: {how_it_ended(tried.report)}")
            return exit_code(tried.report.job.status)
        async with draft(wanted) as (request, ports):
            recipe = compile_template(request.template)
            guess = await estimate_order(recipe, plan_order(recipe, request, ports), request, ports, tried)
    if as_json:
        write(orjson.dumps(estimate_json(guess), option=orjson.OPT_INDENT_2).decode())
    else:
        _show(guess)
    return _status(tried)


async def _try(wanted: MillOrder, records: int) -> Pilot:
    few = replace(wanted, kind="pilot", records=min(records, wanted.records), spread_over=wanted.records)
    made = await watch_aside(few)
    return Pilot(report=made.report, rows=made.rows, seconds=made.seconds)


def _status(pilot: Pilot | None) -> int:
    # An estimate from fewer records than asked for is one; a stop by the user's hand is told all the same.
    return exit_code(JobStatus.PAUSED) if pilot and pilot.report.job.status is JobStatus.PAUSED else OK


def _show(guess: Estimate) -> None:
    accepted, load = guess.grounds.acceptance, guess.load
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("", "low", "likely", "high"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("attempts", *_figures(guess.attempts))
    table.add_row("calls", *_figures(load.calls))
    table.add_row("tokens in", *_figures(load.input))
    table.add_row("tokens out", *_figures(load.output))
    table.add_row("time", *(show_duration(seconds) for seconds in _each(guess.seconds)))
    table.add_row("cost", *(show_money(round(cost)) for cost in _each(load.cost)), style="bold")
    OUT.print(f"{count(guess.records, 'accepted record')}\n")
    OUT.print(table)
    found = "measured" if guess.pilot else "assumed"
    OUT.print(f"\nAccepted: {accepted.likely:.0%} of attempts ({accepted.low:.0%} to {accepted.high:.0%}), {found}.")
    if guess.worst:
        worst = show_money(guess.worst)
        OUT.print(f"About {worst} if every attempt and repair were used up at its worst; the budget is the wall.")
    if guess.pilot:
        OUT.print(f"The pilot: {how_it_ended(guess.pilot.report)}, in {show_duration(guess.pilot.seconds)}.")
    OUT.print(f"\nThis rests on {guess.basis}.", style="dim")
    for warning in guess.warnings:
        say(f"warning: {warning}", style="yellow")


def _each(spread: Spread) -> tuple[float, float, float]:
    return spread.low, spread.likely, spread.high


def _figures(spread: Spread) -> list[str]:
    return [f"{round(value):,}" for value in _each(spread)]
