"""What a worker tells of itself while it lives."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.usage import Usage

# A worker reports itself every few seconds: one that was not heard of for so long is gone.
SILENT = timedelta(seconds=30)

# Upper bounds of the classes that calls are counted in, in seconds; the last class has none.
LATENCY_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long answered calls took: how many in each class of LATENCY_BOUNDS and beyond, and all their seconds."""

    counts: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS) + 1)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many calls were answered."""
        return sum(self.counts)


def class_of(seconds: float) -> int:
    """The place in `Latencies.counts` of a call that took so long."""
    return bisect_left(LATENCY_BOUNDS, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGauges:
    """What a worker counts and measures. Jobs, calls in flight and windows are of now, all else since its start.

    `making` are the records begun and not ended, by job. `windows` are the most calls to a model that may be in flight,
    over all jobs at work. `calls` were sent, `failed` brought no answer, `rate_limited` of those were refused for now,
    and `retried` are those sent once more.
    """

    jobs: int = 0
    in_flight: int = 0
    making: Mapping[JobId, int] = field(default_factory=dict)
    windows: Mapping[ModelName, int] = field(default_factory=dict)
    calls: int = 0
    failed: int = 0
    rate_limited: int = 0
    retried: int = 0
    usage: Usage = field(default_factory=Usage)
    latencies: Latencies = field(default_factory=Latencies)
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """A worker as it last reported itself; `seen_at` is by the store's clock."""

    id: WorkerId
    host: str
    started_at: datetime
    seen_at: datetime
    gauges: WorkerGauges
