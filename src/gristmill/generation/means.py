"""What every attempt of a job is made with."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gristmill.domain.ids import Slot
from gristmill.domain.model import Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.scope import Scope
from gristmill.generation.breaker import Breaker
from gristmill.generation.meter import Meter
from gristmill.generation.pace import Pace
from gristmill.ports.clock import Clock
from gristmill.ports.models import Models
from gristmill.recipes import Deck, Recipe, SeedRows, open_scope
from gristmill.recipes.recipe import DrawKey, Step


class Standing(Protocol):
    """Records that stand, by their fingerprints, for `unique` and `distinct`."""

    def find_like(self, fingerprints: Sequence[int]) -> str | None:
        """Why a record with these may not stand beside them, or None."""
        ...

    def add(self, fingerprints: Sequence[int]) -> None:
        """Let a record with these stand."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One model of a job, with the pace its provider takes and the breaker that gives it up."""

    model: Model
    pace: Pace
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(slots=True)
class Covers:
    """The worst case seen of each step: what a record needs covered before it is begun."""

    seen: dict[str, NanoUsd] = field(default_factory=dict)

    def note(self, step: str, worst: NanoUsd) -> None:
        """Remember a call's worst case."""
        self.seen[step] = max(self.seen.get(step, ZERO), worst)

    def after(self, first: Step, steps: tuple[Step, ...]) -> NanoUsd:
        """What the steps other than `first` may need: nothing is known of a step before its first call."""
        return NanoUsd(sum(self.seen.get(step.id, ZERO) for step in steps if step.id != first.id))


@dataclass(slots=True)
class Resting:
    """How many records wait until a call may be sent again: others may be made meanwhile, and `changed` says so."""

    records: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a record as resting for as long as the context."""
        self.records += 1
        self.changed.set()
        try:
            yield
        finally:
            self.records -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Recipe, seeds, models and clock of one job in one worker; `stop` is set once no call may start any more.

    `attempt_limit` is the most attempts a slot may take, those of earlier rounds included.
    """

    recipe: Recipe
    attempt_limit: int
    key: DrawKey
    seeds: SeedRows | None
    lanes: Mapping[str, Lane]
    models: Models
    standing: Standing
    clock: Clock
    chance: random.Random
    stop: asyncio.Event
    decks: Mapping[str, Deck] = field(default_factory=dict)
    covers: Covers = field(default_factory=Covers)
    resting: Resting = field(default_factory=Resting)
    meter: Meter = field(default_factory=Meter)

    def seed_row(self, slot: Slot) -> int | None:
        """The index of the slot's seed row, or None without seeds."""
        return slot % self.seeds.rows if self.seeds else None

    def open_scope(self, slot: Slot, attempt: int) -> Scope:
        """What an attempt at the slot begins with: its seed row and the values drawn for it."""
        row = self.seed_row(slot)
        seed = self.seeds.row(row) if self.seeds and row is not None else {}
        return open_scope(self.recipe, self.key, slot, attempt, seed=seed, decks=self.decks)
