# ruff: noqa: ANN401 (a filter takes and gives anything)
"""How much work one rendering may do: counted in steps, so that the same template ends at the same place everywhere."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import wraps
from types import GeneratorType
from typing import Any, TypeVar

from gristmill.errors import TemplateTooExpensiveError

# A step takes some tens of nanoseconds and a few bytes: all of them end within about a second and 100 MB. A prompt of
# a thousand seed items, each with a line of its own, takes about 50,000.
MAX_STEPS_OF_WORK = 2_000_000

# What is charged: a text is cheaper to go through than a list of as many items.
CHARACTERS_PER_STEP = 4
STEPS_PER_ITEM = 4
STEPS_PER_CALL = 8
# While a template compiles: for each text with expressions in it, and for each of their parts.
STEPS_PER_TEXT = 2_000
STEPS_PER_PART = 400

T = TypeVar("T")

_SCALARS = frozenset({int, float, bool, type(None)})
_GROUPS = (list, tuple, set, frozenset, KeysView, ItemsView, ValuesView)
_END = object()


class Work:
    """What is left of a rendering's steps, or a compilation's; `is_on` says that one is going on, `number` which."""

    __slots__ = ("is_on", "left", "number")

    def __init__(self) -> None:
        self.left = MAX_STEPS_OF_WORK
        self.number = 0
        self.is_on = False

    def begin(self) -> None:
        """Allow the steps of another rendering."""
        self.left = MAX_STEPS_OF_WORK
        self.number += 1

    def spend(self, steps: int) -> bool:
        """Take steps; always true, so that it can stand in a condition. Raises TemplateTooExpensiveError."""
        self.left -= steps
        if self.left < 0:
            raise TemplateTooExpensiveError(f"it takes more than {MAX_STEPS_OF_WORK:,} steps to render")
        return True

    def spend_on(self, value: object) -> None:
        """Take the steps of going through a value with all that it holds, as often as it holds it."""
        if type(value) is str:
            self.spend(len(value) // CHARACTERS_PER_STEP)
        elif type(value) not in _SCALARS:
            self._go_through(value)

    def spend_on_copy(self, value: object) -> None:
        """Take the steps of making this very value, of which what it holds is no copy."""
        if isinstance(value, str):
            self.spend(len(value) // CHARACTERS_PER_STEP)
        elif isinstance(value, list | tuple | dict):
            self.spend(len(value) * STEPS_PER_ITEM)

    def count(self, values: Iterator[T]) -> Iterator[T]:
        """The same values, a step for each."""
        for value in values:
            self.spend(STEPS_PER_ITEM)
            yield value

    def _go_through(self, value: object) -> None:
        waiting: list[Iterator[object]] = [iter((value,))]
        while waiting:
            part = next(waiting[-1], _END)
            if part is _END:
                waiting.pop()
                continue
            self.spend(len(part) // CHARACTERS_PER_STEP + 1 if isinstance(part, str) else STEPS_PER_ITEM)
            if isinstance(part, Mapping):
                waiting.extend((iter(part.values()), iter(part.keys())))
            elif isinstance(part, _GROUPS):
                waiting.append(iter(part))
            elif isinstance(part, range):
                self.spend(len(part) * STEPS_PER_ITEM)


# One for the process: rendering never waits for anything, so two renderings never overlap.
WORK = Work()


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter or test, which takes the steps of going through what it is given and of making what it gives."""

    @wraps(function)
    def spending(*args: Any, **kwargs: Any) -> Any:
        WORK.spend(STEPS_PER_CALL)
        for arg in args:
            WORK.spend_on(arg)
        for arg in kwargs.values():
            WORK.spend_on(arg)
        return _given(function(*args, **kwargs))

    return spending


def counted_result(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which only looks at what it is given and takes the steps of making what it gives."""

    @wraps(function)
    def spending(*args: Any, **kwargs: Any) -> Any:
        WORK.spend(STEPS_PER_CALL)
        return _given(function(*args, **kwargs))

    return spending


def _given(result: Any) -> Any:
    if type(result) is GeneratorType:
        # What comes one by one is paid for one by one: chains of `map` and `select` make no list.
        return WORK.count(result)
    WORK.spend_on_copy(result)
    return result
