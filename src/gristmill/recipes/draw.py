"""Chance that can be repeated: each value has a generator of its own, keyed by everything it may depend on."""

from hashlib import blake2b

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.recipes.recipe import DrawKey, Recipe
from gristmill.recipes.variation import Chance


def draw_values(recipe: Recipe, key: DrawKey, slot: Slot, attempt: int) -> JsonObject:
    """The values of `vary` for one attempt at one slot: the same arguments give the same values, for ever."""
    start = blake2b(key.frame(slot, attempt).encode())
    values: dict[str, Json] = {}
    for name, variation in recipe.vary.items():
        place = start.copy()
        place.update(f"/vary/{name}".encode())
        values[name] = variation.draw(Chance(place.digest()))
    return values
