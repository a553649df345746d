# ruff: noqa: ANN401 (what adds up can be anything; these are the signatures of Jinja2)
"""Those of Jinja2's filters that could grow or run without end, within bounds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Environment, pass_environment
from jinja2 import filters as jinja

from gristmill.recipes.bounds import MAX_NUMBER_BITS, check_size, printed
from gristmill.recipes.work import CHARACTERS_PER_STEP, WORK

MAX_DIGITS = 300


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    # Ten to the power of the precision is written out, for whole numbers too.
    if not -MAX_DIGITS <= precision <= MAX_DIGITS:
        raise ValueError(f"`round` takes a precision within {-MAX_DIGITS} and {MAX_DIGITS}")
    return jinja.do_round(value, precision, method)  # type: ignore[arg-type]


def _int(value: object, default: int = 0, base: int = 10) -> int:
    # Base 16 reads a million digits without complaint.
    if isinstance(value, str) and len(value) > MAX_NUMBER_BITS:
        return default
    return jinja.do_int(value, default, base)


@pass_environment
def _sum(environment: Environment, values: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    found = values if attribute is None else map(jinja.make_attrgetter(environment, attribute), values)
    total = start
    for value in found:
        # Lists add up too, each time to a longer one.
        total = environment.call_binop(None, "+", total, value)  # type: ignore[attr-defined]
    return total


@pass_environment
def _wordwrap(  # noqa: PLR0917 (Jinja2's own signature)
    environment: Environment,
    value: object,
    width: int = 79,
    break_long_words: bool = True,  # noqa: FBT001, FBT002
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,  # noqa: FBT001, FBT002
) -> str:
    text = printed(value)
    lines = len(text) // max(width, 1) + text.count("\n") + 1
    check_size(len(text) + lines * 2 * len(wrapstring or ""))
    # A word longer than the width is cut off piece by piece, and what is left is copied each time.
    WORK.spend(len(text) // CHARACTERS_PER_STEP * max(len(text) // max(width, 1) // 64, 1))
    return jinja.do_wordwrap(environment, text, width, break_long_words, wrapstring, break_on_hyphens)


GROWING_FILTERS: Mapping[str, Callable[..., Any]] = {
    "round": _round,
    "int": _int,
    "sum": _sum,
    "wordwrap": _wordwrap,
}
