"""One call, from its hold to its settled cost, sent again for as long as that can help."""

import asyncio

import orjson

from gristmill.domain.call import Call, CallKind, Certainty, Place
from gristmill.domain.completion import Completion, Message
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.pricing import cost_of
from gristmill.domain.usage import Usage
from gristmill.domain.value import value
from gristmill.errors import CallRefusedError, FormRefusedError, ModelError, ProviderFaultError, RateLimitedError
from gristmill.generation.books import Books, OpenCall
from gristmill.generation.means import Lane, Means
from gristmill.generation.pace import Outcome, likely_tokens
from gristmill.generation.purse import Cover
from gristmill.generation.stop import StoppedError

# A fault is rarely the prompt's fault: seven tries fail together once in 10^8 calls at a fault rate of 7 %.
TRIES = 7
BACKOFF_SECONDS = 0.25
LONGEST_BACKOFF_SECONDS = 30.0

NOTHING_REPORTED = Usage()


@value(frozen=True, slots=True, kw_only=True)
class Question:
    """A call as a step asks it, with the cover of its record."""

    place: Place
    kind: CallKind
    request: Completion
    prompt: str
    cover: Cover


def prompt_text(messages: tuple[Message, ...]) -> str:
    """The messages as JSON, their text as it is sent: what lineage shows and what a replay must equal."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    return orjson.dumps(turns, option=orjson.OPT_SORT_KEYS).decode()


async def ask(means: Means, books: Books, lane: Lane, question: Question) -> Call:
    """The answer to a question: one already paid for, or a new one.

    A 429 is waited out and uses up no try; a model that refuses every call is given up by its breaker long before
    one call has used up its own. Raises StoppedError once no call may start, and ModelError when no answer
    is to be had.
    """
    replayed = books.replay(question.place, question.prompt)
    if replayed is not None:
        question.cover.begin_free()
        return replayed
    tries = 1
    while True:
        try:
            answer = await _try_once(means, books, lane, question)
        except FormRefusedError:
            _count_retry(means, books)
        except ModelError as error:
            tries += not isinstance(error, RateLimitedError)
            await _give_up_or_wait(means, books, lane, error, tries)
        else:
            if answer is not None:
                lane.breaker.succeed()
                return answer


async def _give_up_or_wait(means: Means, books: Books, lane: Lane, error: ModelError, tries: int) -> None:
    if not isinstance(error, RateLimitedError):
        lane.breaker.fail(error, means.clock.monotonic())
    if lane.breaker.words is not None:
        raise StoppedError(lane.breaker.words)
    if tries > TRIES or (isinstance(error, CallRefusedError) and not error.hopeless):
        books.count(failed=1)
        raise error
    _count_retry(means, books)
    await _pause(means, _delay(means, error, tries))


def _count_retry(means: Means, books: Books) -> None:
    books.count(retried=1)
    means.meter.retried += 1


def _delay(means: Means, error: ModelError, tries: int) -> float:
    """Seconds until the next try: the provider's own wish, or full-jitter exponential backoff."""
    if isinstance(error, RateLimitedError) and error.retry_after is not None:
        # A little after the moment asked for, or everybody returns in the same instant.
        return error.retry_after * means.chance.uniform(1.0, 1.1)
    longest = min(BACKOFF_SECONDS * 2**tries, LONGEST_BACKOFF_SECONDS)
    return means.chance.uniform(BACKOFF_SECONDS / 2, longest)


async def _pause(means: Means, seconds: float) -> None:
    with means.resting.one_more():
        try:
            async with asyncio.timeout(seconds):
                await means.stop.wait()
        except TimeoutError:
            return
    raise StoppedError


async def _try_once(means: Means, books: Books, lane: Lane, question: Question) -> Call | None:
    """The answer, or None if no call could start when its turn came: it must hold again."""
    worst = await books.hold(lane.model, question.request, question.cover)
    means.covers.note(question.place.step, worst)
    try:
        ticket = await lane.pace.enter(_likely(lane.model, question.request))
    except asyncio.CancelledError:
        books.free(worst)
        raise
    outcome: Outcome = "unsent"
    try:
        opened = await books.open_call(question.place, lane.model, question.prompt, worst)
        if opened is None:
            return None
        answer = await _send(means, books, lane.model, question, opened)
        outcome = "answered"
    except RateLimitedError:
        outcome = "refused"
        raise
    except ModelError:
        outcome = "failed"
        raise
    finally:
        lane.pace.leave(ticket, outcome)
    return answer


def _likely(model: Model, request: Completion) -> int:
    return likely_tokens(request) if model.limits.tokens_per_minute else 0


async def _send(means: Means, books: Books, model: Model, question: Question, opened: OpenCall) -> Call:
    started = means.clock.monotonic()

    def ended(
        cost: NanoUsd, certainty: Certainty, why: str, text: str | None = None, usage: Usage = NOTHING_REPORTED
    ) -> Call:
        return Call(
            place=question.place,
            kind=question.kind,
            model=model.name,
            prompt=question.prompt,
            reply=text,
            finish_reason=why,
            usage=usage,
            cost=cost,
            certainty=certainty,
            price_table=model.price.table,
            milliseconds=round((means.clock.monotonic() - started) * 1000),
            at=means.clock.now(),
        )

    try:
        reply = await means.models.complete(question.request)
    except ModelError as error:
        may_be_billed = isinstance(error, ProviderFaultError) and error.sent
        call = ended(opened.worst, "presumed", error.code) if may_be_billed else ended(ZERO, "billed", error.code)
        await books.close_call(opened, call)
        raise
    except asyncio.CancelledError:
        # It was sent and nobody will hear the answer.
        books.abandon_call(opened, ended(opened.worst, "presumed", "abandoned"))
        raise
    if reply.usage is None:
        call = ended(opened.worst, "presumed", reply.finish_reason, reply.text)
    else:
        call = ended(cost_of(model.price, reply.usage), "billed", reply.finish_reason, reply.text, reply.usage)
    await books.close_call(opened, call)
    return call
