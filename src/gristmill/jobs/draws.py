"""What an order draws for its slots, as its workers will: what previews, estimates and budget checks look at."""

import asyncio
from collections.abc import Mapping, Sequence

from gristmill.datasets import StoredSeeds
from gristmill.domain.ids import Slot
from gristmill.domain.job import Order
from gristmill.domain.json import JsonObject
from gristmill.domain.scope import Scope
from gristmill.jobs.seeds import open_sets
from gristmill.ports.blobs import Blobs
from gristmill.recipes import DrawKey, Recipe, SeedRows, open_decks, open_scope


async def draw_scopes(
    recipe: Recipe, order: Order, seeds: Mapping[str, StoredSeeds], blobs: Blobs, slots: Sequence[Slot]
) -> Sequence[Scope]:
    """What the prompts of each slot's first attempt may mention before any call is made. The seeds were checked."""
    return await asyncio.to_thread(_draw_scopes, recipe, order, seeds, blobs, slots)


def _draw_scopes(
    recipe: Recipe, order: Order, seeds: Mapping[str, StoredSeeds], blobs: Blobs, slots: Sequence[Slot]
) -> Sequence[Scope]:
    key = DrawKey(recipe=recipe.digest, seeds=order.seeds, random_seed=order.random_seed)
    with open_sets(seeds, blobs) as sets:
        rows, decks = sets.get(""), open_decks(recipe, sets)
        return [open_scope(recipe, key, slot, 0, seed=_seed_of(slot, rows), decks=decks) for slot in slots]


def _seed_of(slot: Slot, rows: SeedRows | None) -> JsonObject:
    # Seeds are taken in turn.
    return rows.row(slot % rows.rows) if rows is not None and rows.rows else {}
