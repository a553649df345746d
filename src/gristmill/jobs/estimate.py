"""What an order will cost and take, from its real seeds and rendered prompts: a guess that says what it rests on."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gristmill.domain.completion import Completion, ModelName
from gristmill.domain.ids import Slot
from gristmill.domain.job import Order
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.domain.pricing import cost_of, worst_cost
from gristmill.domain.usage import Usage
from gristmill.errors import RenderError, TemplateTooExpensiveError
from gristmill.jobs.calls import completion_of
from gristmill.jobs.draws import open_draws
from gristmill.jobs.placeholder import placeholder
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.preview import render_steps
from gristmill.jobs.request import JobRequest
from gristmill.recipes import Recipe, finish_record, judge_messages
from gristmill.recipes.recipe import Scope

SAMPLE_SLOTS = 50
# English text has about four characters a token in today's vocabularies (OpenAI's own rule of thumb).
CHARACTERS_PER_TOKEN = 4
# What replies use of max_tokens, and how many first attempts are accepted, when nothing was measured yet.
REPLY_SHARE = {"low": 0.2, "likely": 0.5, "high": 1.0}
ACCEPTANCE = {"low": 1.0, "likely": 0.9, "high": 0.6}
# A call's pace when nothing was measured yet: time to the first token, then tokens a second; and calls at once.
FIRST_TOKEN_SECONDS = 0.6
TOKENS_PER_SECOND = {"low": 120.0, "likely": 60.0, "high": 20.0}
CALLS_AT_ONCE = 32

BASIS = (
    "prompts of {slots} slots rendered from your seeds, {characters} characters a token, replies {low:.0%},"
    " {likely:.0%} or {high:.0%} of max_tokens, {rate:.0%} of attempts accepted, {at_once} calls at once"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A guess: low, likely and high."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What N accepted records will take. `worst` is what every attempt and repair could cost at the most."""

    records: int
    calls: Spread
    input_tokens: Spread
    output_tokens: Spread
    cost: Spread
    worst: NanoUsd
    seconds: Spread
    basis: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sampled:
    """One record's calls, averaged over the sampled slots."""

    calls: Sequence[Completion]
    slots: int
    problems: Sequence[str]


def estimate_order(recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts) -> Estimate:
    """Guess calls, tokens, cost and time from up to 50 slots spread over the order."""
    sampled = _sample(recipe, order, request, ports)
    scale = request.records / max(sampled.slots, 1)
    spreads = {name: _guess(sampled.calls, order.models, name) for name in ("low", "likely", "high")}
    at_once = _calls_at_once(order)
    worst = sum(worst_cost(order.models[call.model].price, call) for call in sampled.calls)
    tries = (1 + recipe.attempts.redraw) * (1 + recipe.attempts.repair)
    return Estimate(
        records=request.records,
        calls=_spread(spreads, "calls", scale),
        input_tokens=_spread(spreads, "input", scale),
        output_tokens=_spread(spreads, "output", scale),
        cost=_spread(spreads, "cost", scale),
        worst=NanoUsd(round(worst * scale * tries)),
        seconds=_spread(spreads, "seconds", scale / at_once),
        basis=BASIS.format(
            slots=sampled.slots,
            characters=CHARACTERS_PER_TOKEN,
            rate=ACCEPTANCE["likely"],
            at_once=at_once,
            **REPLY_SHARE,
        ),
        warnings=list(dict.fromkeys(sampled.problems)),
    )


def estimate_json(estimate: Estimate) -> JsonObject:
    """The Estimate shape: money as decimal text in US dollars, everything else as numbers."""
    return {
        "records": estimate.records,
        "calls": round(estimate.calls.likely),
        "tokens": {"input": round(estimate.input_tokens.likely), "output": _rounded(estimate.output_tokens)},
        "cost_usd": {
            "low": show_usd(NanoUsd(round(estimate.cost.low))),
            "likely": show_usd(NanoUsd(round(estimate.cost.likely))),
            "high": show_usd(NanoUsd(round(estimate.cost.high))),
            "worst": show_usd(estimate.worst),
        },
        "seconds": _rounded(estimate.seconds),
        "acceptance": {"rate": ACCEPTANCE["likely"], "from": "assumed"},
        "basis": estimate.basis,
        "warnings": list(estimate.warnings),
    }


def _rounded(spread: Spread) -> JsonObject:
    return {"low": round(spread.low), "likely": round(spread.likely), "high": round(spread.high)}


def _sample(recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts) -> _Sampled:
    count = min(request.records, SAMPLE_SLOTS)
    slots = [Slot(i * request.records // count) for i in range(count)]
    calls: list[Completion] = []
    problems: list[str] = []
    with open_draws(recipe, order, request.seeds, ports.blobs) as draws:
        for slot in slots:
            scope = draws.scope(slot)
            # A later prompt quotes replies that are not there yet: stand in for them with text of a likely length.
            filler = "x" * _likely_reply(recipe)
            for shown in render_steps(recipe, scope, filler=filler):
                if shown.problem:
                    problems.append(f"Some prompts could not be rendered: {shown.problem}")
                elif shown.is_wanted:
                    calls.append(completion_of(shown.step, tuple(shown.messages), order.aliases))
            calls += _judge_calls(recipe, scope, order, filler)
    return _Sampled(calls=calls, slots=count, problems=problems)


def _judge_calls(recipe: Recipe, scope: Scope, order: Order, filler: str) -> list[Completion]:
    """What the judges would be sent about a record of likely length; a record that cannot be made up counts nothing."""
    outputs = {step.id: placeholder(step, filler=filler) for step in recipe.steps}
    made = replace(scope, outputs=outputs)
    try:
        record = finish_record(recipe, made)
        asked = [(judge.step, judge_messages(recipe, judge, record, made)) for judge in recipe.judges]
    except (RenderError, TemplateTooExpensiveError):
        return [completion_of(judge.step, (), order.aliases) for judge in recipe.judges]
    return [completion_of(step, messages, order.aliases) for step, messages in asked]


def _likely_reply(recipe: Recipe) -> int:
    longest = max(step.sampling.max_tokens for step in recipe.steps)
    return round(longest * REPLY_SHARE["likely"] * CHARACTERS_PER_TOKEN / 2)


def _guess(calls: Iterable[Completion], models: Mapping[ModelName, Model], name: str) -> Mapping[str, float]:
    """Sums over the sampled calls, with the redraws that this guess expects."""
    sums = {"calls": 0.0, "input": 0.0, "output": 0.0, "cost": 0.0, "seconds": 0.0}
    for call in calls:
        usage = Usage(input=_tokens(call), output=round(call.max_tokens * REPLY_SHARE[name]))
        sums["calls"] += 1
        sums["input"] += usage.input
        sums["output"] += usage.output
        sums["cost"] += cost_of(models[call.model].price, usage)
        sums["seconds"] += FIRST_TOKEN_SECONDS + usage.output / TOKENS_PER_SECOND[name]
    return {key: value / ACCEPTANCE[name] for key, value in sums.items()}


def _tokens(call: Completion) -> int:
    text: int = sum(len(message.content) for message in call.messages)
    schema = len(call.schema.text) if call.schema else 0
    return math.ceil((text + schema) / CHARACTERS_PER_TOKEN)


def _spread(spreads: Mapping[str, Mapping[str, float]], key: str, scale: float) -> Spread:
    return Spread(**{name: sums[key] * scale for name, sums in spreads.items()})


def _calls_at_once(order: Order) -> int:
    limits = [model.limits.max_in_flight for model in order.models.values()]
    known = [limit for limit in (*limits, order.max_in_flight) if limit is not None]
    return min(known, default=CALLS_AT_ONCE)
