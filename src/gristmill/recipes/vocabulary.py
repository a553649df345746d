"""The filters of the template language, each with what it does in one line, for editors to tell."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, cast

from jinja2 import filters as jinja

from gristmill.recipes.filters import FILTERS
from gristmill.recipes.prose import PROSE_FILTERS
from gristmill.recipes.random_filters import RANDOM_FILTERS
from gristmill.recipes.sandbox import Sandbox

_ROLE: Final = re.compile(r":\w+:`([^`]*)`")
_SENTENCE: Final = re.compile(r"(.+?)(?::? \.\.\s?|(?<=[.!?])\s(?=[A-Z`])|$)")


@cache
def filters_told() -> Mapping[str, str]:
    """Every filter by name, in the order of the alphabet, with the first sentence of what is said of it."""
    return {name: _told(name, filter_) for name, filter_ in sorted(Sandbox().filters.items())}


def own_filters() -> frozenset[str]:
    """Those that Jinja2 does not have."""
    return frozenset({*FILTERS, *RANDOM_FILTERS, *PROSE_FILTERS}) - jinja.FILTERS.keys()


def _told(name: str, filter_: Callable[..., Any]) -> str:
    # What only bounds one of Jinja2's says nothing of its own.
    known = cast("Mapping[str, Callable[..., Any]]", jinja.FILTERS)
    text = filter_.__doc__ or (known[name].__doc__ if name in known else "") or ""
    plain = " ".join(_ROLE.sub(r"\1", text).replace("``", "`").split())
    found = _SENTENCE.match(plain)
    return found[1] if found else plain
