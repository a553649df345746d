"""One attempt at one slot: what the whole engine is for."""

import asyncio
from dataclasses import dataclass, field

from gristmill.domain.call import Call, Place, kind_of
from gristmill.domain.completion import Completion, Message
from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.record import DUPLICATE, NEAR_DUPLICATE, CheckResult, Row
from gristmill.domain.scope import Scope
from gristmill.domain.value import value
from gristmill.errors import ModelError, RenderError, TemplateTooExpensiveError
from gristmill.generation.ask import Question, ask, prompt_text
from gristmill.generation.books import Books
from gristmill.generation.means import Means
from gristmill.generation.purse import Cover
from gristmill.generation.stop import StoppedError
from gristmill.recipes import (
    Parsed,
    check_record,
    fingerprints_of,
    finish_record,
    is_wanted,
    judge_messages,
    parse_reply,
    render_messages,
    repair_messages,
    score_of,
)
from gristmill.recipes.recipe import Judge, Step


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an attempt brings no record."""

    reason: str
    detail: str


@value(frozen=True, slots=True)
class Produced:
    """A step's output."""

    output: Json


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step whose `when` said no."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A step that may not call any more; what it paid for is kept."""

    why: str


@value(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What an attempt's outputs came to: a record that may stand, or the problem that makes it a reject."""

    record: JsonObject | None = None
    checks: tuple[CheckResult, ...] = ()
    fingerprints: tuple[int, ...] = ()
    problem: Failed | None = None


_LIKE = {DUPLICATE: "a record like it stands", NEAR_DUPLICATE: "a record nearly like it stands"}

StepEnd = Produced | Skipped | Failed | Interrupted


@dataclass(slots=True)
class _Making:
    """An attempt on its way: the scope grows with each step's output."""

    means: Means
    books: Books
    slot: Slot
    attempt: int
    scope: Scope
    cover: Cover
    ended: dict[str, asyncio.Event] = field(default_factory=dict)
    problem: Failed | Interrupted | None = None

    def fail(self, problem: Failed | Interrupted) -> None:
        """Keep the first problem: steps that run at the same time may have one each."""
        if self.problem is None:
            self.problem = problem


async def make_record(means: Means, books: Books, slot: Slot, attempt: int) -> Row:
    """An accepted record or a reject with its reason. Raises StoppedError if the attempt must be gone on with later.

    What it paid for is in the books either way.
    """
    scope = means.open_scope(slot, attempt)
    cover = Cover(means.covers.after(means.recipe.steps[0], means.recipe.calls))
    making = _Making(means, books, slot, attempt, scope, cover)
    try:
        problem = await _run_steps(making)
        judged = _Judged(problem=problem) if problem else await _judge(making)
    finally:
        books.purse.end_record(cover)
    return Row(
        slot=slot,
        attempt=attempt,
        seed_row=means.seed_row(slot),
        values=scope.values,
        record=judged.record,
        calls=books.finish(slot, attempt),
        checks=judged.checks,
        fingerprints=judged.fingerprints,
        reason=judged.problem.reason if judged.problem else None,
        detail=judged.problem.detail if judged.problem else "",
        finished_at=means.clock.now(),
    )


async def _run_steps(making: _Making) -> Failed | None:
    recipe = making.means.recipe
    if recipe.is_chain:
        for step in recipe.steps:
            await _run_step(making, step)
    else:
        await _run_graph(making)
    if isinstance(making.problem, Interrupted):
        raise StoppedError(making.problem.why)
    return making.problem


async def _run_graph(making: _Making) -> None:
    making.ended = {step.id: asyncio.Event() for step in making.means.recipe.steps}
    async with asyncio.TaskGroup() as group:
        for step in making.means.recipe.steps:
            group.create_task(_run_after_needs(making, step))


async def _run_after_needs(making: _Making, step: Step) -> None:
    for need in step.needs:
        await making.ended[need].wait()
    await _run_step(making, step)
    making.ended[step.id].set()


async def _run_step(making: _Making, step: Step) -> None:
    if making.problem is not None:
        return
    match await _end_of(making, step):
        case Produced(output):
            making.scope = making.scope.with_output(step.id, output)
        case Skipped():
            pass
        case Failed(reason, detail):
            making.fail(Failed(reason, f"step {step.id}: {detail}"))
        case Interrupted() as interrupted:
            making.fail(interrupted)


async def _end_of(making: _Making, step: Step) -> StepEnd:
    recipe = making.means.recipe
    try:
        if step.is_conditional and not is_wanted(recipe, step, making.scope):
            return Skipped()
        return await _converse(making, step, render_messages(recipe, step, making.scope))
    except (RenderError, TemplateTooExpensiveError, ModelError) as error:
        return Failed(error.code, str(error))
    except StoppedError as error:
        return Interrupted(str(error))


async def _converse(making: _Making, step: Step, messages: tuple[Message, ...]) -> Produced | Failed:
    """Ask, and ask again with what is wrong for as often as repairs are allowed."""
    repair = 0
    while True:
        call = await _ask_step(making, step, messages, repair)
        read = read_answer(step, call)
        if isinstance(read, Produced) or repair == making.means.recipe.attempts.repair:
            return read
        messages = repair_messages(messages, call.reply or "", read.detail)
        repair += 1


def read_answer(step: Step, call: Call) -> Produced | Failed:
    """What an answered call brings its step: an output, or why the reply is none."""
    parsed = parse_reply(step, call.reply or "")
    if call.finish_reason != "length":
        return Produced(parsed.output) if isinstance(parsed, Parsed) else Failed("invalid_reply", parsed.why)
    # Text that was cut off may look whole; a value that satisfies its schema is.
    if isinstance(parsed, Parsed) and step.schema is not None:
        return Produced(parsed.output)
    return Failed("truncated", f"it was cut off after {step.sampling.max_tokens} tokens")


async def _ask_step(making: _Making, step: Step, messages: tuple[Message, ...], repair: int) -> Call:
    lane = making.means.lanes[step.model]
    place = Place(slot=making.slot, attempt=making.attempt, step=step.id, repair=repair)
    question = Question(
        place=place,
        kind=kind_of(place),
        request=Completion(model=lane.model.name, messages=messages, sampling=step.sampling, schema=step.schema),
        prompt=prompt_text(messages),
        cover=making.cover,
    )
    return await ask(making.means, making.books, lane, question)


async def _judge(making: _Making) -> _Judged:
    """What the outputs make, and whether it may stand; if so, others like it may not from now on.

    Judges are paid, so they are asked last, one after another, and about no record that fails anyway.
    """
    means = making.means
    try:
        record = finish_record(means.recipe, making.scope)
        checks = check_record(means.recipe, record, making.scope)
        fingerprints = fingerprints_of(means.recipe, record)
    except (RenderError, TemplateTooExpensiveError) as error:
        return _Judged(problem=Failed(error.code, str(error)))
    problem = _problem(means, checks, fingerprints)
    for judge in means.recipe.judges if problem is None else ():
        result = await _ask_judge(making, judge, record)
        if isinstance(result, Failed):
            return _Judged(record=record, checks=checks, problem=result)
        checks = (*checks, result)
        # Another one like it may have come to stand while the judge was asked.
        problem = _problem(means, checks, fingerprints)
        if problem is not None:
            break
    if problem is not None:
        return _Judged(record=record, checks=checks, problem=problem)
    means.standing.add(fingerprints)
    return _Judged(record=record, checks=checks, fingerprints=fingerprints)


async def _ask_judge(making: _Making, judge: Judge, record: JsonObject) -> CheckResult | Failed:
    """The judge's score, or why there is none: a record that nobody judged is not accepted."""
    try:
        messages = judge_messages(making.means.recipe, judge, record, making.scope)
        read = await _converse(making, judge.step, messages)
    except (RenderError, TemplateTooExpensiveError, ModelError) as error:
        return Failed(f"{judge.name}: {error.code}", str(error))
    return (
        score_of(judge, read.output)
        if isinstance(read, Produced)
        else Failed(f"{judge.name}: {read.reason}", read.detail)
    )


def _problem(means: Means, checks: tuple[CheckResult, ...], fingerprints: tuple[int, ...]) -> Failed | None:
    broken = next((check for check in checks if not check.passed), None)
    if broken is not None:
        return Failed(means.recipe.reason_of(broken.check), broken.words)
    like = means.standing.find_like(fingerprints)
    return Failed(like, _LIKE[like]) if like else None
