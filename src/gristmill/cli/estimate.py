"""`gristmill estimate`: what an order will cost and take."""

from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter, validators
from rich.table import Table

from gristmill.cli.boundary import about
from gristmill.cli.options import OrderOptions
from gristmill.cli.run import make_order
from gristmill.cli.terminal import OUT, say, show_duration, show_money, write
from gristmill.jobs.create import plan_order
from gristmill.jobs.estimate import Estimate, Spread, estimate_json, estimate_order
from gristmill.recipes import compile_template
from gristmill.wiring.mill import draft


async def estimate(
    template: Path,
    /,
    *,
    records: Annotated[int, Parameter(name=["--records", "-n"], validator=validators.Number(gte=1))],
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
    order: OrderOptions = OrderOptions(),
) -> None:
    """Say what an order will cost and how long it will take. Nothing is called and nothing is spent.

    Example: gristmill estimate templates/support-qa.yaml --seeds examples/products.jsonl --records 10000

    Parameters
    ----------
    template
        The template file.
    records
        How many accepted records the order is for.
    as_json
        Print the estimate as one JSON object.
    """
    with about(template):
        async with draft(make_order(template, records, order)) as (request, ports):
            recipe = compile_template(request.template)
            guess = estimate_order(recipe, plan_order(recipe, request, ports), request, ports)
    if as_json:
        write(orjson.dumps(estimate_json(guess), option=orjson.OPT_INDENT_2).decode())
    else:
        _show(guess)


def _show(guess: Estimate) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("", "low", "likely", "high"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("calls", *_figures(guess.calls))
    table.add_row("tokens in", *_figures(guess.input_tokens))
    table.add_row("tokens out", *_figures(guess.output_tokens))
    table.add_row("time", *(show_duration(seconds) for seconds in _each(guess.seconds)))
    table.add_row("cost", *(show_money(round(cost)) for cost in _each(guess.cost)), style="bold")
    OUT.print(f"{guess.records:,} records\n")
    OUT.print(table)
    if guess.worst:
        OUT.print(f"\nAt the very most {show_money(guess.worst)}: every attempt and repair used up at its worst case.")
    OUT.print(f"\nThis rests on {guess.basis}.", style="dim")
    for warning in guess.warnings:
        say(f"warning: {warning}", style="yellow")


def _each(spread: Spread) -> tuple[float, float, float]:
    return spread.low, spread.likely, spread.high


def _figures(spread: Spread) -> list[str]:
    return [f"{round(value):,}" for value in _each(spread)]
