"""One attempt as it may be, from real seeds and rendered prompts alone: nothing is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gristmill.domain.completion import Completion, ModelName
from gristmill.domain.job import Order
from gristmill.domain.model import Model
from gristmill.domain.pricing import cost_of, worst_cost
from gristmill.domain.sharding import spread_slots
from gristmill.domain.usage import Usage
from gristmill.jobs.calls import completion_of
from gristmill.jobs.draws import draw_scopes
from gristmill.jobs.grounds import Grounds, Load
from gristmill.jobs.lengths import BYTES_PER_TOKEN, REPLY_SHARE, reply_tokens
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.jobs.spread import Level, Spread, each, sum_spreads
from gristmill.recipes import Recipe, placeholder
from gristmill.recipes.recipe import Step

SAMPLE_SLOTS = 50
# What chat formats put around each message: OpenAI documents 3 to 4 tokens, the widest in use stay below 16.
MESSAGE_TOKENS = Spread(low=3, likely=4, high=16)
# How many attempts are accepted when nothing was measured yet.
ACCEPTANCE = Spread(low=0.6, likely=0.9, high=1.0)
# A call's pace when nothing was measured yet: time to the first token, then tokens a second.
FIRST_TOKEN_SECONDS = 0.6
TOKENS_PER_SECOND = Spread(low=120.0, likely=60.0, high=20.0)
# A worker's start and its last commit.
START_SECONDS = Spread(low=1.0, likely=2.0, high=5.0)

WORDS = (
    "prompts of {slots} slots rendered from your seeds, {bytes:g} bytes a token, free text of {low:.0%}, {likely:.0%}"
    " or {high:.0%} of max_tokens, {rate:.0%} of attempts accepted, replies of {pace:g} tokens a second;"
    " none of it was measured"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The calls of the first attempts of a few slots, each with the tokens of its reply."""

    slots: int
    calls: Sequence[tuple[Completion, Spread]]
    problems: Sequence[str]


async def sample_calls(recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts) -> Sample:
    """The calls of up to 50 slots spread over the order, with stand-ins for outputs that are not there yet."""
    slots = spread_slots(min(request.records, SAMPLE_SLOTS), over=request.records)
    scopes = await draw_scopes(recipe, order, request.seeds, ports.blobs, slots)
    steps = {step.id: step for step in recipe.calls}
    fillers = {step.id: _filler(step) for step in recipe.steps}
    drafts = [draft for drafts in await ports.renderer.draft(recipe.source, scopes, fillers) for draft in drafts]
    calls = [
        (completion_of(steps[draft.step], tuple(draft.messages), order.aliases), reply_tokens(steps[draft.step]))
        for draft in drafts
        if draft.is_wanted and not draft.problem
    ]
    problems = dict.fromkeys(draft.problem for draft in drafts if draft.problem)
    words = [f"Some prompts could not be rendered: {problem}" for problem in problems]
    return Sample(slots=len(slots), calls=calls, problems=words)


def guess(sample: Sample, order: Order) -> Grounds:
    """What one attempt takes, as far as prompts and schemas tell."""
    models: dict[ModelName, Load] = {}
    for call, reply in sample.calls:
        load = _load_of(call, reply, order.models[call.model])
        models[call.model] = models.get(call.model, Load()) + load
    share = Spread(**dict.fromkeys(("low", "likely", "high"), 1 / sample.slots))
    return Grounds(
        source="assumed",
        load=sum(models.values(), Load()).times(share),
        models={name: load.times(share) for name, load in sorted(models.items())},
        seconds=sum_spreads(_seconds_of(reply) for _, reply in sample.calls) * share,
        acceptance=ACCEPTANCE,
        start_seconds=START_SECONDS,
        words=WORDS.format(
            slots=sample.slots,
            bytes=BYTES_PER_TOKEN.likely,
            rate=ACCEPTANCE.likely,
            pace=TOKENS_PER_SECOND.likely,
            low=REPLY_SHARE.low,
            likely=REPLY_SHARE.likely,
            high=REPLY_SHARE.high,
        ),
        warnings=sample.problems,
    )


def worst_of_record(recipe: Recipe, sample: Sample, models: Mapping[ModelName, Model]) -> float:
    """Nano-dollars of a record all of whose attempts and repairs are used up at what is held for them."""
    worst = sum(worst_cost(models[call.model].price, call) for call, _ in sample.calls)
    tries = recipe.attempts.limit * (1 + recipe.attempts.repair)
    return worst * tries / sample.slots


def _filler(step: Step) -> int:
    # The texts of an output share what its reply will likely have.
    texts = max(str(placeholder(step)).count("‹"), 1)
    return round(reply_tokens(step).likely * BYTES_PER_TOKEN.likely / texts)


def _load_of(call: Completion, reply: Spread, model: Model) -> Load:
    given = each(lambda level: _input_tokens(call, level))

    def cost(level: Level) -> float:
        return cost_of(model.price, Usage(input=round(given.at(level)), output=round(reply.at(level))))

    one = Spread(low=1, likely=1, high=1)
    return Load(calls=one, input=given, output=reply, cost=each(cost))


def _input_tokens(call: Completion, level: Level) -> float:
    text: int = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in call.messages)
    # Some servers hold replies to a schema without a word of it in the prompt.
    schema = len(call.schema.text.encode()) if call.schema and level != "low" else 0
    return (text + schema) / BYTES_PER_TOKEN.at(level) + len(call.messages) * MESSAGE_TOKENS.at(level)


def _seconds_of(reply: Spread) -> Spread:
    return each(lambda level: FIRST_TOKEN_SECONDS + reply.at(level) / TOKENS_PER_SECOND.at(level))
