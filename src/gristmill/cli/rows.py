"""An attempt as it went: seed, draws, calls and what came of it."""

import orjson
from rich.padding import Padding
from rich.text import Text

from gristmill.cli.terminal import OUT, json_text, show_money
from gristmill.domain.call import Call
from gristmill.domain.json import JsonObject
from gristmill.domain.money import show_usd
from gristmill.domain.record import Row
from gristmill.jobs.report import tokens_json


def row_json(row: Row, seed: JsonObject | None) -> JsonObject:
    """The Preview shape of an attempt that was made."""
    return {
        "slot": row.slot,
        "attempt": row.attempt,
        "seed": seed or {},
        "values": row.values,
        "steps": [_call_json(call) for call in row.calls],
        "record": row.record,
        "checks": [
            {"check": check.check, "passed": check.passed, "value": check.value, "words": check.words}
            for check in row.checks
        ],
        "reason": row.reason,
        "detail": row.detail or None,
    }


def show_row(row: Row, seed: JsonObject | None = None) -> None:
    """Print the attempt for a person."""
    outcome = ("accepted", "green") if row.is_accepted else (f"rejected: {row.reason}", "yellow")
    attempt = f", attempt {row.attempt + 1}" if row.attempt else ""
    title = Text.assemble((f"record {row.slot}{attempt}", "bold"), "  ", outcome)
    OUT.rule(title, align="left", style="dim")
    for name, value in (("seed", seed), ("values", row.values)):
        if value:
            OUT.print(Text.assemble((f"{name:<8}", "dim"), json_text(value)))
    for call in row.calls:
        _show_call(call)
    if row.record is not None:
        OUT.print(Text("record", style="bold cyan"))
        OUT.print(Padding(Text(json_text(row.record, indent=2)), (0, 0, 0, 2)))
    if row.detail:
        OUT.print(Padding(Text(row.detail, style="yellow"), (0, 0, 0, 2)))
    OUT.print()


def _show_call(call: Call) -> None:
    figures = f"  {call.model}, {call.usage.input:,} + {call.usage.output:,} tokens, {call.milliseconds:,} ms"
    cost = f", {show_money(call.cost)}" if call.cost else ""
    kind = "" if call.kind == "call" else f" {call.kind}"
    OUT.print(Text.assemble((f"{call.place.step}{kind}", "bold cyan"), (figures + cost, "dim")))
    for message in orjson.loads(call.prompt):
        OUT.print(Padding(Text.assemble((f"{message['role']}: ", "dim"), message["content"].rstrip()), (0, 0, 0, 2)))
    OUT.print(Padding(Text.assemble(("reply: ", "dim"), (call.reply or "none").rstrip()), (0, 0, 0, 2)))


def _call_json(call: Call) -> JsonObject:
    messages = orjson.loads(call.prompt)
    system = [message["content"] for message in messages if message["role"] == "system"]
    prompt = [message["content"] for message in messages if message["role"] != "system"]
    return {
        "id": call.place.step,
        "kind": call.kind,
        "model": call.model,
        "system": "\n".join(system) or None,
        "prompt": "\n".join(prompt),
        "reply": call.reply,
        "usage": tokens_json(call.usage),
        "cost_usd": show_usd(call.cost),
    }
