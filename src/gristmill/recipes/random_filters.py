"""Filters that draw. Each place in a template has draws of its own, repeatable like those of `vary`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.runtime import Context

from gristmill.recipes.bounds import MAX_OUTPUT_CHARACTERS, printed, too_big
from gristmill.recipes.filters import split_sentences
from gristmill.recipes.variation import Chance

# Where a text finds its draws; with a space in it, no template can name it and no seed field can stand for it.
DRAWS = "gristmill draws"
# The argument by which a filter knows its place.
_PLACE = "gristmill_place"


@dataclass(slots=True)
class Draws:
    """The draws of one rendering: keyed by the attempt (`frame`), the place, and how often it was come by before."""

    frame: str
    passed: dict[str, int] = field(default_factory=dict)

    def chance(self, place: str) -> Chance:
        """The generator of the next draw at a place."""
        number = self.passed.get(place, 0)
        self.passed[place] = number + 1
        return Chance(blake2b(f"{self.frame}/filter/{place}/{number}".encode("utf-8", "surrogatepass")).digest())


def place_draws(tree: nodes.Template, path: str) -> None:
    """Tell each filter that draws where it stands: in which text, and as which of its kind."""
    drawing = (node for node in tree.find_all(nodes.Filter) if _draws(node))
    for number, node in enumerate(drawing):
        place = nodes.Keyword(_PLACE, nodes.Const(f"{path}/{number}", lineno=node.lineno), lineno=node.lineno)
        # What a fragment lends may stand in the tree more than once.
        given = [known for known in node.kwargs if getattr(known, "key", None) != _PLACE]
        node.kwargs = [*given, place]  # type: ignore[list-item] # Jinja2 types them as pairs, and makes keywords


def _draws(node: nodes.Filter) -> bool:
    match node:
        case nodes.Filter(name="map", args=[nodes.Const(value=str() as name), *_]):
            return name in RANDOM_FILTERS
        case _:
            return node.name in RANDOM_FILTERS


@pass_context
def random_choice(context: Context, values: Iterable[Any], *, gristmill_place: str = "") -> object:
    """One item of the list, each as likely."""
    items = _items(values, "random_choice")
    if not items:
        raise ValueError("random_choice has nothing to choose from: the list is empty")
    return items[_chance(context, gristmill_place).below(len(items))]


@pass_context
def sample(context: Context, values: Iterable[Any], count: int, *, gristmill_place: str = "") -> list[object]:
    """So many different items of the list in the order drawn; all of them, shuffled, when there are no more."""
    items = _items(values, "sample")
    chance = _chance(context, gristmill_place)
    taken = max(min(count, len(items)), 0)
    for place in range(taken):
        other = place + chance.below(len(items) - place)
        items[place], items[other] = items[other], items[place]
    return items[:taken]


@pass_context
def random_sentence(context: Context, value: object, *, gristmill_place: str = "") -> str:
    """One sentence of the text, each as likely, told apart as `sentences` does; nothing of a text without any."""
    found = split_sentences(printed(value))
    return found[_chance(context, gristmill_place).below(len(found))] if found else ""


def _items(values: object, name: str) -> list[Any]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{name} takes a list, not {'a text' if isinstance(values, str) else type(values).__name__}")
    items = list(islice(values, MAX_OUTPUT_CHARACTERS + 1))
    if len(items) > MAX_OUTPUT_CHARACTERS:
        too_big("a list")
    return items


def _chance(context: Context, place: str) -> Chance:
    draws = context.resolve_or_missing(DRAWS)
    if not isinstance(draws, Draws):
        raise TypeError("nothing can be drawn here")
    return draws.chance(place)


RANDOM_FILTERS: Mapping[str, Callable[..., Any]] = {
    "random_choice": random_choice,
    "random_sentence": random_sentence,
    "sample": sample,
}
