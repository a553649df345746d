"""What a user asks for when ordering records."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.datasets import StoredSeeds
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import LOCAL, JobId, UserId
from gristmill.domain.job import JobKind
from gristmill.domain.money import NanoUsd
from gristmill.domain.template import TemplateRef
from gristmill.errors import BadInputError

# 24,415 shards, planned in about a second.
MOST_RECORDS = 100_000_000
MOST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """An order as it was given.

    `aliases` say what the model names of the template stand for; the one under "" stands for all it does not name.
    `chosen` are those that this very order named, each one of the template's. `priced` are the models whose price the
    user gave now. `budget` and `random_seed` are None when not given. `spread_over` takes slots spread over an order of
    so many records, in place of the first ones. `id` is the job's where a request that is sent twice must make one job.
    `name` is what the owner calls it, else the template's. `kept` is the kept template that `template` came from. One
    that is not `is_trusted` is rendered in a process apart, and read there first unless it `is_linted` already.
    """

    template: str
    records: int
    seeds: Mapping[str, StoredSeeds] = field(default_factory=dict)
    aliases: Mapping[str, ModelName] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    priced: frozenset[ModelName] = frozenset()
    budget: NanoUsd | None = None
    random_seed: int | None = None
    max_in_flight: int | None = None
    kind: JobKind = "dataset"
    spread_over: int | None = None
    owner: UserId = LOCAL
    id: JobId | None = None
    name: str = ""
    kept: TemplateRef | None = None
    is_trusted: bool = True
    is_linted: bool = False

    def __post_init__(self) -> None:
        """Raise BadInputError for numbers that no job can have."""
        if self.records < 1:
            raise BadInputError(f"Ask for at least one record, not {self.records}.")
        if self.records > MOST_RECORDS:
            raise BadInputError(f"Ask for at most {MOST_RECORDS:,} records in one job, not {self.records:,}.")
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise BadInputError(f"At least one call must be in flight, not {self.max_in_flight}.")
        if abs(self.random_seed or 0) > MOST_SEED:
            raise BadInputError(f"A random seed has at most 63 bits; {self.random_seed} has more.")
