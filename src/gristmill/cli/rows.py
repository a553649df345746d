"""An attempt as it went: seed, draws, calls and what came of it."""

from collections.abc import Sequence

from rich.padding import Padding
from rich.text import Text

from gristmill.cli.terminal import OUT, json_text, show_money
from gristmill.domain.call import Call
from gristmill.domain.completion import Message
from gristmill.domain.json import JsonObject
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.usage import Usage
from gristmill.generation.attempt import Failed, Produced
from gristmill.jobs.preview import cost_of_rows, messages_of, outcome_of, read_call, usage_of
from gristmill.recipes import Recipe

STYLES = {"accepted": "green", "rejected": "yellow", "unfinished": "red"}
INSET = 2


def show_row(recipe: Recipe, row: Row, seed: JsonObject) -> None:
    """Print the attempt for a person."""
    outcome = outcome_of(row)
    attempt = f", attempt {row.attempt + 1}" if row.attempt else ""
    words = f"{outcome}: {row.reason}" if row.reason else outcome
    OUT.rule(
        Text.assemble((f"record {row.slot}{attempt}", "bold"), "  ", (words, STYLES[outcome])),
        align="left",
        style="dim",
    )
    show_draws(seed, row.values)
    for call in row.calls:
        _show_call(recipe, call)
    if row.record is not None:
        OUT.print(Text("record", style="bold cyan"))
        show_inset("", json_text(row.record, indent=2))
    for check in row.checks:
        _show_check(recipe, check)
    if row.detail and not any(check.words == row.detail for check in row.checks):
        show_inset("", row.detail, style="yellow")
    OUT.print(Text(f"in all  {_figures(usage_of([row]), cost_of_rows([row]))}", style="dim"))
    OUT.print()


def show_draws(seed: JsonObject, values: JsonObject) -> None:
    """Print what a slot's prompts are made of."""
    for name, value in (("seed", seed), ("values", values)):
        if value:
            OUT.print(Text.assemble((f"{name:<8}", "dim"), json_text(value)), soft_wrap=not OUT.is_terminal)


def show_messages(messages: Sequence[Message]) -> None:
    """Print each message under its role."""
    for message in messages:
        show_inset(f"{message.role}: ", message.content.rstrip())


def show_inset(label: str, text: str, style: str = "") -> None:
    """Print a text set in by two places: on a terminal every line of it, elsewhere lines stay whole."""
    if OUT.is_terminal:
        content = Text.assemble((label, "dim"), (text, style))
        OUT.print(Padding(content, (0, 0, 0, INSET), expand=False), soft_wrap=False)
    else:
        # A padding would cut what is longer than its width.
        gap = " " * INSET
        OUT.print(Text.assemble(gap, (label, "dim"), (text.replace("\n", f"\n{gap}"), style)))


def _show_call(recipe: Recipe, call: Call) -> None:
    kind = "" if call.kind == "call" else f" {call.kind}"
    figures = f"  {call.model}, {_figures(call.usage, call.spent.total)}, {call.milliseconds:,} ms"
    OUT.print(Text.assemble((f"{call.place.step}{kind}", "bold cyan"), (figures, "dim")), soft_wrap=not OUT.is_terminal)
    messages = messages_of(call)
    # A repair goes on from the call above it: what is new is what was wrong.
    show_messages(messages[-1:] if call.kind == "repair" else messages)
    show_inset("reply: ", (call.reply or f"none ({call.finish_reason})").rstrip())
    match read_call(recipe, call):
        case Failed(_, detail):
            show_inset("✗ ", detail, style="yellow")
        case Produced(output) if not isinstance(output, str):
            show_inset("output: ", json_text(output))
        case _:
            pass


def _show_check(recipe: Recipe, check: CheckResult) -> None:
    mark = ("✓ ", "green") if check.passed else ("✗ ", "yellow")
    score = f" {check.value:g}" if check.value is not None else ""
    reason = recipe.reason_of(check.check)
    words = check.words or (f"against: {reason}" if reason != check.check else "")
    OUT.print(Text.assemble(mark, f"{check.check}{score}", (f"  {words}", "dim")), soft_wrap=not OUT.is_terminal)


def _figures(usage: Usage, cost: int) -> str:
    tokens = f"{usage.input:,} + {usage.output:,} tokens"
    return f"{tokens}, {show_money(cost)}" if cost else tokens
