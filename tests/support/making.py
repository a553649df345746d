"""What makes records, in memory and in virtual time: a journal that is a list, and models of a test's own."""

import asyncio
import inspect
import random
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec

from gristmill.domain.call import Call, Place
from gristmill.domain.completion import Completion, Message, Reply, Sampling
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.pricing import Price, worst_cost
from gristmill.errors import StorageFullError
from gristmill.generation.ask import Question, prompt_text
from gristmill.generation.books import Books
from gristmill.generation.means import Lane, Means
from gristmill.generation.pace import Pace
from gristmill.generation.purse import Cover, Purse
from gristmill.ports.journal import Start
from gristmill.ports.models import Models
from gristmill.recipes import compile_template
from gristmill.recipes.recipe import DrawKey
from gristmill.worker.prepare import nothing_standing
from support.mill import MODEL, ONE_STEP, PRICED
from support.virtual_time import VirtualClock, run_virtually

P = ParamSpec("P")

PLENTY = NanoUsd(10**15)
FOREVER = 1e12
NO_LIMITS = Limits()


def virtually(test: Callable[Concatenate[VirtualClock, P], Coroutine[None, None, None]]) -> Callable[P, None]:
    """A test that lives in virtual time: it takes the clock first, then its fixtures."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        run_virtually(lambda clock: test(clock, *args, **kwargs))

    signature = inspect.signature(test)
    run.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    run.__doc__ = test.__doc__
    return run


@dataclass(slots=True)
class Notes:
    """An EpochLog of which a test reads the lines, and whose disk it can fill."""

    lines: list[Start | Call] = field(default_factory=list)
    is_full: bool = False
    closed: list[bool] = field(default_factory=list)

    def started(self, start: Start) -> None:
        self._note(start)

    def ended(self, number: int, call: Call) -> None:
        assert any(isinstance(line, Start) and line.number == number for line in self.lines)
        self._note(call)

    def close(self, *, delete: bool) -> None:
        self.closed.append(delete)

    def _note(self, line: Start | Call) -> None:
        if self.closed or self.is_full:
            raise StorageFullError("there is no room")
        self.lines.append(line)


@dataclass(slots=True)
class Script:
    """Models that answer with each of these in turn, the last one for ever, and note what was asked and when."""

    clock: VirtualClock
    ends: Sequence[Reply | Exception]
    asked: list[Completion] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def complete(self, request: Completion) -> Reply:
        end = self.ends[min(len(self.asked), len(self.ends) - 1)]
        self.asked.append(request)
        self.times.append(self.clock.seconds)
        await asyncio.sleep(0)
        if isinstance(end, Exception):
            raise end
        return end

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Seed rows in memory."""

    items: Sequence[JsonObject]

    @property
    def rows(self) -> int:
        return len(self.items)

    def row(self, index: int) -> JsonObject:
        return self.items[index]

    def __iter__(self) -> Iterator[JsonObject]:
        return iter(self.items)


def a_purse(clock: VirtualClock, block: NanoUsd = PLENTY) -> Purse:
    """A purse that covers what a test asks, for ever, unless told otherwise."""
    purse = Purse(wake=asyncio.Event(), monotonic=clock.monotonic)
    purse.accept(block, until=FOREVER)
    return purse


def some_books(
    purse: Purse, notes: Notes, answers: Iterable[Call] = (), report_full: Callable[[str], None] = lambda _: None
) -> Books:
    """Books over a journal in memory."""
    return Books(purse, notes, answers, report_full=report_full)


def a_lane(clock: VirtualClock, *, price: Price = PRICED, limits: Limits = NO_LIMITS, ceiling: int = 100) -> Lane:
    """A lane of the one model."""
    return Lane(model=Model(name=MODEL, price=price, limits=limits), pace=Pace(limits, clock, ceiling=ceiling))


def some_means(
    clock: VirtualClock,
    models: Models,
    template: str = ONE_STEP,
    *,
    lane: Lane | None = None,
    seeds: Sequence[JsonObject] = (),
    chance: int = 1,
) -> Means:
    """Means of a job with this template."""
    recipe = compile_template(template)
    one = lane or a_lane(clock)
    return Means(
        recipe=recipe,
        attempt_limit=recipe.attempts.limit,
        key=DrawKey(recipe=recipe.digest, seeds={}, random_seed=0),
        seeds=Rows(seeds) if seeds else None,
        lanes=dict.fromkeys(recipe.models, one),
        models=models,
        standing=nothing_standing(recipe),
        clock=clock,
        chance=random.Random(chance),
        stop=asyncio.Event(),
    )


def a_request(prompt: str = "Say.", max_tokens: int = 50) -> Completion:
    """A completion with one message."""
    message = Message(role="user", content=prompt)
    return Completion(model=MODEL, messages=(message,), sampling=Sampling(max_tokens=max_tokens))


def a_question(slot: int = 0, *, prompt: str = "Say.", cover: Cover | None = None) -> Question:
    """A call as a step asks it."""
    request = a_request(prompt)
    return Question(
        place=Place(slot=Slot(slot), attempt=0, step="line"),
        kind="call",
        request=request,
        prompt=prompt_text(request.messages),
        cover=cover or Cover(ZERO),
    )


def worst_of(request: Completion) -> NanoUsd:
    """What a call of the one model holds."""
    return worst_cost(PRICED, request)
