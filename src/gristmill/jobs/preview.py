"""A look at a few records before many: draws and prompts as they would be, and what calls made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gristmill.domain.call import Call
from gristmill.domain.completion import Message
from gristmill.domain.ids import Slot
from gristmill.domain.job import Order
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.usage import Usage
from gristmill.generation.attempt import Failed, Produced, read_answer
from gristmill.jobs.draws import draw_scopes
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import tokens_json
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import open_sets, require_seeds
from gristmill.ports.renderer import Draft
from gristmill.recipes import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPreview:
    """The first attempt of a slot: its seed, the values drawn for it and the calls it would make."""

    slot: Slot
    seed: JsonObject
    values: JsonObject
    calls: Sequence[Draft]


def plan_draws(recipe: Recipe, request: JobRequest, ports: JobPorts) -> Order:
    """As much of an order as draws and prompts depend on: its seeds are checked, and no model is asked for.

    Raises InvalidSeedsError.
    """
    with open_sets(request.seeds, ports.blobs) as sets:
        require_seeds(recipe, sets)
    return Order(
        name=recipe.name,
        template=request.template,
        recipe=recipe.digest,
        seeds={name: stored.digest for name, stored in request.seeds.items()},
        random_seed=request.random_seed or 0,
    )


async def preview_slots(
    recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts, *, n: int, first: int = 0
) -> list[SlotPreview]:
    """`n` slots as they would be drawn and rendered; outputs not known yet show as `‹step.field›`."""
    slots = [Slot(slot) for slot in range(first, first + n)]
    scopes = await draw_scopes(recipe, order, request.seeds, ports.blobs, slots)
    drafts = await ports.renderer.draft(recipe.source, scopes)
    return [
        SlotPreview(slot=scope.slot, seed=scope.seed, values=scope.values, calls=calls)
        for scope, calls in zip(scopes, drafts, strict=True)
    ]


def preview_json(preview: SlotPreview) -> JsonObject:
    """The Preview shape, without what only calls bring."""
    return {
        "slot": preview.slot,
        "attempt": 0,
        "outcome": None,
        "seed": preview.seed,
        "values": preview.values,
        "steps": [_draft_json(call) for call in preview.calls if call.is_wanted],
    }


def attempt_json(recipe: Recipe, row: Row, seed: JsonObject) -> JsonObject:
    """The Preview shape of an attempt that was made; `outcome` is accepted, rejected or unfinished."""
    return {
        "slot": row.slot,
        "attempt": row.attempt,
        "outcome": outcome_of(row),
        "reason": row.reason,
        "detail": row.detail or None,
        "seed": seed,
        "values": row.values,
        "steps": [_call_json(recipe, call) for call in row.calls],
        "record": row.record,
        "checks": [_check_json(check) for check in row.checks],
        "tokens": tokens_json(usage_of([row])),
        "cost_usd": show_usd(cost_of_rows([row])),
    }


def outcome_of(row: Row) -> str:
    """How an attempt ended: it may also have been cut short."""
    if row.is_accepted:
        return "accepted"
    return "rejected" if row.is_reject else "unfinished"


def usage_of(rows: Sequence[Row]) -> Usage:
    """The tokens of all calls of some attempts."""
    return sum((call.usage for row in rows for call in row.calls), Usage())


def cost_of_rows(rows: Sequence[Row]) -> NanoUsd:
    """What all calls of some attempts cost."""
    return NanoUsd(sum(call.spent.total for row in rows for call in row.calls))


def messages_of(call: Call) -> list[Message]:
    """The messages of a call, as they were sent."""
    return [Message(role=turn["role"], content=turn["content"]) for turn in orjson.loads(call.prompt)]


def read_call(recipe: Recipe, call: Call) -> Produced | Failed | None:
    """What a call brought its step: None when it has no reply, and for calls that no step made."""
    step = next((step for step in recipe.steps if step.id == call.place.step), None)
    if step is None or call.reply is None or call.kind == "judge":
        return None
    return read_answer(step, call)


def _draft_json(draft: Draft) -> JsonObject:
    step = {"id": draft.step, **_messages_json(draft.messages)}
    return {**step, "problem": draft.problem} if draft.problem else step


def _call_json(recipe: Recipe, call: Call) -> JsonObject:
    read = read_call(recipe, call)
    return {
        "id": call.place.step,
        "kind": call.kind,
        "model": call.model,
        **_messages_json(messages_of(call)),
        "reply": call.reply,
        "finish_reason": call.finish_reason,
        "output": read.output if isinstance(read, Produced) else None,
        "problem": read.detail if isinstance(read, Failed) else None,
        "usage": tokens_json(call.usage),
        "cost_usd": show_usd(call.cost),
        "certainty": call.certainty,
        "ms": call.milliseconds,
    }


def _messages_json(messages: Sequence[Message]) -> JsonObject:
    system = [message.content for message in messages if message.role == "system"]
    prompt = [message.content for message in messages if message.role != "system"]
    turns: list[Json] = [{"role": message.role, "content": message.content} for message in messages]
    return {"system": "\n".join(system) or None, "prompt": "\n".join(prompt), "messages": turns}


def _check_json(check: CheckResult) -> JsonObject:
    return {"check": check.check, "passed": check.passed, "value": check.value, "words": check.words}
