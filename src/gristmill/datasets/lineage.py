"""How a record was made, for those who read datasets."""

from gristmill.domain.call import Call
from gristmill.domain.json import JsonObject
from gristmill.domain.money import show_usd
from gristmill.domain.record import CheckResult, Row

# The field or column that tells it.
LINEAGE = "_lineage"


def lineage_of(row: Row) -> JsonObject:
    """The accepted attempt behind a record: seed row, values, calls with prompts, replies and cost, and checks."""
    return {
        "slot": row.slot,
        "attempt": row.attempt,
        "seed_row": row.seed_row,
        "values": row.values,
        "calls": [call_json(call) for call in row.calls],
        "checks": [check_json(check) for check in row.checks],
        "finished_at": row.finished_at.isoformat(),
    }


def call_json(call: Call) -> JsonObject:
    """A call with its prompt, reply, tokens and cost."""
    return {
        "step": call.place.step,
        "repair": call.place.repair,
        "kind": call.kind,
        "model": call.model,
        "prompt": call.prompt,
        "reply": call.reply,
        "finish_reason": call.finish_reason,
        "tokens": {
            "input": call.usage.input,
            "output": call.usage.output,
            "cached": call.usage.cached,
            "cache_written": call.usage.cache_written,
            "reasoning": call.usage.reasoning,
        },
        "cost_usd": show_usd(call.cost),
        "certainty": call.certainty,
        "price_table": call.price_table,
        "ms": call.milliseconds,
        "at": call.at.isoformat(),
    }


def check_json(check: CheckResult) -> JsonObject:
    """What a check said."""
    return {"check": check.check, "passed": check.passed, "value": check.value, "words": check.words}
