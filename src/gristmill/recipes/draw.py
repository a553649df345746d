"""Chance that can be repeated: each value has a generator of its own, keyed by everything it may depend on."""

from collections.abc import Mapping
from hashlib import blake2b

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.scope import Scope
from gristmill.recipes.decks import Deck
from gristmill.recipes.recipe import DrawKey, Recipe
from gristmill.recipes.variation import Chance, SeedRow

NO_DECKS: Mapping[str, Deck] = {}


def open_scope(
    recipe: Recipe, key: DrawKey, slot: Slot, attempt: int, *, seed: JsonObject, decks: Mapping[str, Deck] = NO_DECKS
) -> Scope:
    """What the texts of one attempt at one slot may mention before any step has run."""
    values = draw_values(recipe, key, slot, attempt, decks)
    return Scope(slot=slot, seed=seed, values=values, frame=key.frame(slot, attempt))


def draw_values(
    recipe: Recipe, key: DrawKey, slot: Slot, attempt: int, decks: Mapping[str, Deck] = NO_DECKS
) -> JsonObject:
    """The values of `vary` for one attempt at one slot: the same arguments give the same values, for ever.

    `decks` hold what each variable that is a seed row is drawn from.
    """
    start = blake2b(key.frame(slot, attempt).encode())
    values: dict[str, Json] = {}
    for name, variation in recipe.vary.items():
        place = start.copy()
        place.update(f"/vary/{name}".encode())
        chance = Chance(place.digest())
        values[name] = decks[name].draw(chance) if isinstance(variation, SeedRow) else variation.draw(chance)
    return values
