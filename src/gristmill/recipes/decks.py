"""What a variable that is a seed row is drawn from: the rows of its set, and how likely each is."""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gristmill.domain.json import Json, JsonObject
from gristmill.errors import Finding, InvalidSeedsError
from gristmill.recipes.limits import MAX_WEIGHT
from gristmill.recipes.recipe import Recipe
from gristmill.recipes.variation import Chance, SeedRow

LISTED = 20

# Cells of a CSV file are texts.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?", re.ASCII)


class SeedRows(Protocol):
    """The rows of a seed set, by index from 0."""

    @property
    def rows(self) -> int:
        """How many there are."""
        ...

    def row(self, index: int) -> JsonObject:
        """The row at this index."""
        ...

    def __iter__(self) -> Iterator[JsonObject]:
        """All rows in order."""
        ...


@dataclass(frozen=True, slots=True)
class Deck:
    """The rows of a seed set; `bounds` are their weights added up, none when each is as likely as the others."""

    rows: SeedRows
    bounds: Sequence[float] = ()

    def draw(self, chance: Chance) -> JsonObject:
        """One row."""
        if not self.bounds:
            return self.rows.row(chance.below(self.rows.rows))
        total = self.bounds[-1]
        # A product that is rounded up to the total would lead past the last row that has a weight.
        return self.rows.row(min(bisect_right(self.bounds, chance.unit() * total), bisect_left(self.bounds, total)))


def open_decks(recipe: Recipe, sets: Mapping[str, SeedRows]) -> Mapping[str, Deck]:
    """The deck of each variable whose seed set is there. Raises InvalidSeedsError for rows without a usable weight."""
    drawn = {name: kind for name, kind in recipe.vary.items() if isinstance(kind, SeedRow) and kind.seeds in sets}
    return {name: _open_deck(kind, sets[kind.seeds]) for name, kind in drawn.items()}


def _open_deck(kind: SeedRow, rows: SeedRows) -> Deck:
    return Deck(rows) if kind.weight is None else Deck(rows, _add_up(kind.seeds, kind.weight, rows))


def _add_up(seeds: str, weight: str, rows: SeedRows) -> Sequence[float]:
    bounds = array("d")
    total = 0.0
    bad: list[Finding] = []
    for number, row in enumerate(rows, 1):
        value = _weight_of(row.get(weight))
        if value is None:
            bad.append(_bad_weight(f"seeds {seeds}: row {number}", row, weight))
        else:
            total += value
            bounds.append(total)
        if len(bad) == LISTED:
            break
    if bad:
        raise InvalidSeedsError(f"The seeds {seeds!r} cannot be drawn by their field {weight!r}.", bad)
    if not total:
        raise InvalidSeedsError(f"The seeds {seeds!r} cannot be drawn by {weight!r}: it is 0 in every row.")
    return bounds


def _weight_of(value: Json) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= MAX_WEIGHT else None  # type: ignore[operator, return-value]


def _bad_weight(place: str, row: JsonObject, weight: str) -> Finding:
    said = f"{place}: {str(row[weight])[:80]!r} is no weight." if weight in row else f"{place} has no {weight!r}."
    hint = f"Write a number from 0 to {MAX_WEIGHT:,.0f}."
    return Finding(code="invalid_weight", message=said, suggestion=hint, path=weight)
