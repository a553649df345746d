"""What an order draws for its slots, as its workers will: what previews, estimates and budget checks look at."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gristmill.datasets import StoredSeeds
from gristmill.domain.ids import Slot
from gristmill.domain.job import Order
from gristmill.domain.scope import Scope
from gristmill.jobs.seeds import open_sets
from gristmill.ports.blobs import Blobs
from gristmill.recipes import Deck, DrawKey, Recipe, SeedRows, open_decks, open_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """The draws of an order's first attempts."""

    recipe: Recipe
    key: DrawKey
    seeds: SeedRows | None
    decks: Mapping[str, Deck]

    def scope(self, slot: Slot) -> Scope:
        """What the prompts of a slot's first attempt may mention before any call is made: seeds are taken in turn."""
        seed = self.seeds.row(slot % self.seeds.rows) if self.seeds is not None and self.seeds.rows else {}
        return open_scope(self.recipe, self.key, slot, 0, seed=seed, decks=self.decks)


@contextmanager
def open_draws(recipe: Recipe, order: Order, seeds: Mapping[str, StoredSeeds], blobs: Blobs) -> Iterator[Draws]:
    """The draws of an order whose seeds were checked, for as long as the context."""
    key = DrawKey(recipe=recipe.digest, seeds=order.seeds, random_seed=order.random_seed)
    with open_sets(seeds, blobs) as sets:
        yield Draws(recipe=recipe, key=key, seeds=sets.get(""), decks=open_decks(recipe, sets))
