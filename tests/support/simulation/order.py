"""The job the simulated workers make: few slots, small shards, answers that often clash."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Literal, TypeAlias

from gristmill.domain.completion import Completion, ModelName
from gristmill.domain.ids import JobId, ShardNumber
from gristmill.domain.job import Job, Order
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd
from gristmill.domain.pricing import Price, Rates, worst_input_tokens
from gristmill.domain.shard import Shard
from gristmill.domain.slots import SlotSet
from gristmill.domain.usage import Usage
from gristmill.recipes import Recipe, compile_template
from support.simulation.loop import BEGIN

JOB = JobId("job")
MODEL = ModelName("simulated:model")
# One nano-dollar a token in, ten a token out: a call costs at most about 700.
PRICE = Price(table="simulated", rates=Rates(input=NanoUsd(1_000_000), output=NanoUsd(10_000_000)))
MAX_TOKENS = 8
# A little above the worst case of a step's call (a judge's may cost twice as much): budgets are drawn in this unit.
CALL = 700

# What must hold between records: nothing, that no two are equal, or that no two are nearly equal.
Apart: TypeAlias = Literal["", "unique", "distinct"]

_TEMPLATE = """\
name: simulated
vary: {{draw: {{integer: [0, 1000000000]}}}}
defaults: {{model: model, max_tokens: {max_tokens}}}
steps:
  - id: one
    prompt: "{{{{ slot }}}} one {{{{ draw }}}}"
{second}record: {{kind: "{{{{ steps.one.output }}}}", text: "{text}"}}
checks:
  - {{expect: "{{{{ record.kind != 'bad' }}}}", reason: bad}}
{apart}{judge}attempts: {{repair: {repair}, redraw: {redraw}}}
"""
_SECOND = """\
  - id: two
    prompt: "{{ slot }} two {{ draw }} {{ steps.one.output }}"
"""
# Two of one kind differ in their last word.
_LONG = "{% for word in range(20) %}{{ steps.one.output }}{{ word }} {% endfor %}{{ slot }}"


def write_template(*, steps: int, repair: int, redraw: int, apart: Apart, judge: bool) -> str:
    """A template of one or two steps, and perhaps a judge."""
    return _TEMPLATE.format(
        max_tokens=MAX_TOKENS,
        second=_SECOND if steps > 1 else "",
        text=_LONG if apart == "distinct" else "{{ steps.one.output }}",
        apart=f"  - {{{apart}: text}}\n" if apart else "",
        judge=f'  - {{judge: model, ask: "Is it good?", max_tokens: {MAX_TOKENS}}}\n' if judge else "",
        repair=repair,
        redraw=redraw,
    )


@cache
def recipe_of(template: str) -> Recipe:
    """The compiled template."""
    return compile_template(template)


def make_job(template: str, *, records: int, budget: int, in_flight: int = 3) -> Job:
    """An order for so many records, with a budget in nano-dollars."""
    recipe = recipe_of(template)
    order = Order(
        name="simulated",
        template=template,
        recipe=recipe.digest,
        aliases={"model": MODEL},
        models={MODEL: Model(name=MODEL, price=PRICE)},
        attempt_limit=recipe.attempts.limit,
        sifts=recipe.is_distinct,
        max_in_flight=in_flight,
    )
    return Job(id=JOB, name=order.name, order=order, records=records, budget=NanoUsd(budget), created_at=BEGIN)


def make_shards(sizes: Sequence[int], *, first_slot: int = 0, first_number: int = 0) -> list[Shard]:
    """Shards of these sizes, side by side."""
    shards = []
    for number, size in enumerate(sizes, first_number):
        shards.append(Shard(job=JOB, number=ShardNumber(number), done=SlotSet(first_slot, size)))
        first_slot += size
    return shards


def judgement(text: str) -> str:
    """What a judge says that has this on its mind."""
    return json.dumps({"words": text, "score": 1 if text == "bad" else 5})


def usage_within(request: Completion, share: float) -> Usage:
    """A usage that costs this share (0 to 1) of the request's worst case, about."""
    return Usage(input=int(worst_input_tokens(request) * share), output=int(request.max_tokens * share))
