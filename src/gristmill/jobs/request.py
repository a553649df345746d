"""What a user asks for when ordering records."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.datasets import StoredSeeds
from gristmill.domain.completion import ModelName
from gristmill.domain.job import JobKind
from gristmill.domain.money import NanoUsd


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """An order as it was given.

    `aliases` say what the model names of the template stand for; the one under "" stands for all it does not name.
    `priced` are the models whose price the user gave now. `budget` and `random_seed` are None when not given.
    """

    template: str
    records: int
    seeds: Mapping[str, StoredSeeds] = field(default_factory=dict)
    aliases: Mapping[str, ModelName] = field(default_factory=dict)
    priced: frozenset[ModelName] = frozenset()
    budget: NanoUsd | None = None
    random_seed: int | None = None
    max_in_flight: int | None = None
    kind: JobKind = "dataset"
