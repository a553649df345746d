"""The job the simulated workers make: few slots, small shards, answers that often clash."""

from collections.abc import Sequence
from functools import cache

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
# A little above the worst case of any call here: the unit in which budgets are drawn.
CALL = 700

_TEMPLATE = """\
name: simulated
vary: {{draw: {{integer: [0, 1000000000]}}}}
defaults: {{model: model, max_tokens: {max_tokens}}}
steps:
  - id: one
    prompt: "{{{{ slot }}}} one {{{{ draw }}}}"
{second}record: {{text: "{{{{ steps.one.output }}}}"}}
checks:
  - {{expect: "{{{{ record.text != 'bad' }}}}", reason: bad}}
{unique}attempts: {{repair: {repair}, redraw: {redraw}}}
"""
_SECOND = """\
  - id: two
    prompt: "{{ slot }} two {{ draw }} {{ steps.one.output }}"
"""


def write_template(*, steps: int, repair: int, redraw: int, unique: bool) -> str:
    """A template of one or two steps."""
    return _TEMPLATE.format(
        max_tokens=MAX_TOKENS,
        second=_SECOND if steps > 1 else "",
        unique="  - {unique: text}\n" if unique else "",
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
    return Job(id=JOB, order=order, records=records, budget=NanoUsd(budget), created_at=BEGIN)


def make_shards(sizes: Sequence[int], *, first_slot: int = 0, first_number: int = 0) -> list[Shard]:
    """Shards of these sizes, side by side."""
    shards = []
    for number, size in enumerate(sizes, first_number):
        shards.append(Shard(job=JOB, number=ShardNumber(number), done=SlotSet(first_slot, size)))
        first_slot += size
    return shards


def usage_within(request: Completion, share: float) -> Usage:
    """A usage that costs this share (0 to 1) of the request's worst case, about."""
    return Usage(input=int(worst_input_tokens(request) * share), output=int(request.max_tokens * share))
