"""How big anything may grow while a template renders: checked before it is made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NoReturn

from gristmill.errors import TemplateTooExpensiveError

MAX_OUTPUT_CHARACTERS = 1024 * 1024
MAX_RANGE = 10_000
MAX_NUMBER_BITS = 4096

_END = object()


def check_size(size: int) -> None:
    """Raise TemplateTooExpensiveError for a value too big to make."""
    if size > MAX_OUTPUT_CHARACTERS:
        too_big("a value")


def too_big(what: str) -> NoReturn:
    """Refuse it."""
    raise TemplateTooExpensiveError(f"{what} would grow past {MAX_OUTPUT_CHARACTERS:,} characters")


def printed(value: object) -> str:
    """The value as text; one that holds others is measured first, for shared ones count each time they are printed."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | dict | set | frozenset):
        measure(value)
    return str(value)


def measure(value: object) -> None:
    """Refuse a value whose parts, written out, would pass the bound."""
    size = 0
    waiting: list[Iterator[object]] = [iter((value,))]
    while waiting:
        part = next(waiting[-1], _END)
        if part is _END:
            waiting.pop()
            continue
        size += len(part) + 2 if isinstance(part, str) else 2
        check_size(size)
        if isinstance(part, Mapping):
            waiting.append(chain(part.keys(), part.values()))
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.append(iter(part))


def check_method(text: str, method: str, args: Sequence[object]) -> None:
    """Refuse a call of a method of text whose result would be too big."""
    if method == "replace" and len(args) > 1 and isinstance(args[0], str) and isinstance(args[1], str):
        check_size(len(text) + (text.count(args[0]) + 1) * len(args[1]))


def bounded_range(*args: int) -> range:
    """A range of at most MAX_RANGE numbers."""
    numbers = range(*args)
    if len(numbers) > MAX_RANGE:
        raise TemplateTooExpensiveError(f"range() gives at most {MAX_RANGE:,} numbers")
    return numbers


def _check_sum(left: object, right: object) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        check_size(len(left) + len(right))


def _check_product(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    for repeated, times in ((left, right), (right, left)):
        if isinstance(repeated, str | bytes | list | tuple) and isinstance(times, int):
            check_size(len(repeated) * max(times, 0))


def _check_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))


def _check_remainder(left: object, right: object) -> None:
    if isinstance(left, str | bytes):
        raise TypeError("use the filter `format` to fill text in")
    _check_division(left, right)


def _check_division(left: object, right: object) -> None:
    # Base 16 writes a number of any length into the source.
    for number in (left, right):
        if isinstance(number, int):
            _check_bits(number.bit_length())


def _check_bits(bits: int) -> None:
    if bits > MAX_NUMBER_BITS:
        raise TemplateTooExpensiveError(f"a whole number would grow past {MAX_NUMBER_BITS:,} bits")


OPERATOR_CHECKS: Mapping[str, Callable[[Any, Any], None]] = {
    "+": _check_sum,
    "*": _check_product,
    "**": _check_power,
    "%": _check_remainder,
    "//": _check_division,
    "/": _check_division,
}


def bounded_text(parts: Iterable[str]) -> str:
    """The parts joined, measured before they are: what gives them takes a step of work for each."""
    kept = list(parts)
    if sum(map(len, kept)) > MAX_OUTPUT_CHARACTERS:
        too_big("the rendered text")
    return "".join(kept)
