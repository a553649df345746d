"""A segment as the manifest knows it: an immutable file that exists only once committed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter

from gristmill.domain.call import Call, CallCounts, ModelSums
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, Epoch, JobId, ShardNumber, Slot
from gristmill.domain.json import digest_of
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.record import DUPLICATE, Row
from gristmill.domain.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a segment's rows were made; `passed` counts the siftings begun before its shard was last opened."""

    job: JobId
    shard: ShardNumber
    epoch: Epoch
    passed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The manifest's line of one file: its name and digest, what it holds and what its entries sum to.

    What stood in an earlier pass (see Origin) stays. `sums` hold one element for each model and day; `rejects` count
    reasons of attempts, not of slots.
    """

    name: str
    digest: Digest
    shard: ShardNumber
    epoch: Epoch
    bytes: int
    accepted: int
    rejected: int
    unfinished: int
    rejects: Mapping[str, int] = field(default_factory=dict)
    sums: tuple[ModelSums, ...] = ()
    counts: CallCounts = CallCounts()
    passed: int = 0

    @property
    def spent(self) -> Spent:
        """What the segment's ledger entries add up to."""
        return sum((sums.spent for sums in self.sums), Spent())


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A segment from the moment readers could see it; `sequence` rises within its job in the order of commits."""

    sequence: int
    at: datetime
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Withdrawal:
    """A mark on a committed record that sifting found to be like one kept before."""

    slot: Slot
    attempt: int
    reason: str = DUPLICATE


def segment_name(shard: ShardNumber, epoch: Epoch, digest: Digest) -> str:
    """The file's name within its job: the digest is in it, so a name that is taken holds these very bytes."""
    return f"segments/{shard:06d}-{epoch}-{digest}.parquet"


def manifest_digest(names: Iterable[str]) -> Digest:
    """What a manifest is called: a digest of its segments' names, in whatever order they were committed."""
    return digest_of(sorted(names))


def sum_calls(calls: Iterable[Call]) -> tuple[ModelSums, ...]:
    """The ledger entries among these calls, summed by day and model."""
    groups: dict[tuple[str, ModelName], list[Call]] = {}
    for call in calls:
        if call.entry:
            groups.setdefault((call.at.date().isoformat(), call.model), []).append(call)
    return tuple(_sum_group(day, model, groups[day, model]) for day, model in sorted(groups))


def _sum_group(day: str, model: ModelName, calls: Sequence[Call]) -> ModelSums:
    usages = [call.usage for call in calls]
    return ModelSums(
        day=day,
        model=model,
        calls=len(calls),
        usage=Usage(**{part.name: sum(map(attrgetter(part.name), usages)) for part in fields(Usage)}),
        spent=Spent(
            billed=NanoUsd(sum(call.cost for call in calls if call.certainty == "billed")),
            presumed=NanoUsd(sum(call.cost for call in calls if call.certainty == "presumed")),
        ),
    )


def count_reasons(rows: Iterable[Row]) -> Mapping[str, int]:
    """How often each reason stands among the rejects."""
    return dict(sorted(Counter(row.reason for row in rows if row.reason is not None).items()))
