"""What an order will cost and take, with what that rests on: a guess without a call, or measures of a pilot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gristmill.domain.completion import ModelName
from gristmill.domain.job import Order
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Limits
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.jobs.grounds import Grounds, Load
from gristmill.jobs.guess import guess, sample_calls, worst_of_record
from gristmill.jobs.pilot import Pilot, measure, pilot_json
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.jobs.spread import Level, Spread, attempts_of_slot, each
from gristmill.recipes import Recipe

# Calls in flight when a model has no limit of its own: what providers let a new account do with ease.
CALLS_AT_ONCE = 32
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What N accepted records will take. `worst` is what is held for them when every attempt and repair is used up.

    `short` are the records that will be missing because their attempts were used up. The low cost goes with the high
    acceptance. `pilot` is what the estimate itself cost.
    """

    records: int
    attempts: Spread
    short: Spread
    load: Load
    models: Mapping[ModelName, Load]
    worst: NanoUsd
    seconds: Spread
    grounds: Grounds
    basis: str
    warnings: Sequence[str]
    pilot: Pilot | None = None


async def estimate_order(
    recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts, pilot: Pilot | None = None
) -> Estimate:
    """Guess from prompts of up to 50 slots spread over the order, or go by what a pilot with attempts measured."""
    sample = await sample_calls(recipe, order, request, ports)
    grounds = measure(pilot) if pilot else guess(sample, order)
    worst = worst_of_record(recipe, sample, order.models) * request.records
    return project(recipe, order, request.records, grounds, worst=worst, pilot=pilot)


def project(
    recipe: Recipe, order: Order, records: int, grounds: Grounds, *, worst: float = 0.0, pilot: Pilot | None = None
) -> Estimate:
    """What `records` accepted records take, when each attempt is as the grounds say."""
    limit, refused = recipe.attempts.limit, _refused(grounds)
    attempts = each(lambda level: records * attempts_of_slot(1 - refused.at(level), limit))
    short = each(lambda level: records * refused.at(level) ** limit)
    load = grounds.load.times(attempts)
    at_once = min(_calls_at_once(order), records * (1 if recipe.is_chain else len(recipe.steps)))
    return Estimate(
        records=records,
        attempts=attempts,
        short=short,
        load=load,
        models={name: one.times(attempts) for name, one in grounds.models.items()},
        # The rest of an order may well be dearer than its sample; the bound of all that is likely lies not below it.
        worst=NanoUsd(round(max(worst, load.cost.high))),
        seconds=each(lambda level: _seconds(grounds, order, attempts, level, at_once=at_once)),
        grounds=grounds,
        basis=f"{grounds.words}; {at_once} calls at once",
        warnings=[*grounds.warnings, *_warnings(recipe, records, short)],
        pilot=pilot,
    )


def estimate_json(estimate: Estimate) -> JsonObject:
    """The Estimate shape: money as decimal text in US dollars, everything else as numbers."""
    accepted = estimate.grounds.acceptance
    shape: JsonObject = {
        "records": estimate.records,
        "attempts": _rounded(estimate.attempts),
        "calls": round(estimate.load.calls.likely),
        "tokens": {"input": _rounded(estimate.load.input), "output": _rounded(estimate.load.output)},
        "cost_usd": {**_money(estimate.load.cost), "worst": show_usd(estimate.worst)},
        "seconds": _rounded(estimate.seconds),
        "acceptance": {
            "rate": round(accepted.likely, 3),
            "low": round(accepted.low, 3),
            "high": round(accepted.high, 3),
            "from": estimate.grounds.source,
        },
        "short": _rounded(estimate.short),
        "models": {name: _load_json(load) for name, load in estimate.models.items()},
        "basis": estimate.basis,
        "warnings": list(estimate.warnings),
    }
    return {**shape, "pilot": pilot_json(estimate.pilot)} if estimate.pilot else shape


def _load_json(load: Load) -> JsonObject:
    tokens = {"input": _rounded(load.input), "output": _rounded(load.output)}
    return {"calls": round(load.calls.likely), "tokens": tokens, "cost_usd": _money(load.cost)}


def _rounded(spread: Spread) -> JsonObject:
    return {"low": round(spread.low), "likely": round(spread.likely), "high": round(spread.high)}


def _money(spread: Spread) -> JsonObject:
    return {
        "low": show_usd(NanoUsd(round(spread.low))),
        "likely": show_usd(NanoUsd(round(spread.likely))),
        "high": show_usd(NanoUsd(round(spread.high))),
    }


def _refused(grounds: Grounds) -> Spread:
    # Few refused attempts make a low estimate.
    accepted = grounds.acceptance
    return Spread(low=1 - accepted.high, likely=1 - accepted.likely, high=1 - accepted.low)


def _seconds(grounds: Grounds, order: Order, attempts: Spread, level: Level, *, at_once: int) -> float:
    """The work shared by the calls in flight, and at the end one slot that is still on its way: all by itself.

    Source: R. P. Brent, "The parallel evaluation of general arithmetic expressions", Journal of the ACM 21 (1974),
    201-206, lemma 2. Limits a minute hold whatever the pace.
    """
    path = grounds.seconds.at(level)
    work = attempts.at(level) * path
    shared = work / at_once + path * (1 - 1 / at_once)
    limits = [_limited(order.models[name].limits, load.times(attempts), level) for name, load in grounds.models.items()]
    return grounds.start_seconds.at(level) + max(shared, *limits, 0.0)


def _limited(limits: Limits, load: Load, level: Level) -> float:
    calls, tokens = load.calls.at(level), load.input.at(level) + load.output.at(level)
    minutes = [
        calls / limits.requests_per_minute if limits.requests_per_minute else 0.0,
        tokens / limits.tokens_per_minute if limits.tokens_per_minute else 0.0,
    ]
    return max(minutes) * SECONDS_PER_MINUTE


def _calls_at_once(order: Order) -> int:
    limits = [model.limits.max_in_flight for model in order.models.values()]
    known = [limit for limit in (*limits, order.max_in_flight) if limit is not None]
    return min(known, default=CALLS_AT_ONCE)


def _warnings(recipe: Recipe, records: int, short: Spread) -> list[str]:
    warnings = []
    if round(short.likely) >= 1:
        warnings.append(
            f"About {round(short.likely):,} of {records:,} records will be missing, their {recipe.attempts.limit}"
            " attempts used up: relax the checks, or raise `attempts` in the template."
        )
    elif round(short.high) >= 1:
        warnings.append(f"Up to {round(short.high):,} of {records:,} records may use up their attempts.")
    if recipe.is_distinct:
        warnings.append("Equal records become more frequent the more there are: more attempts than this may be needed.")
    return warnings
