"""What one process counts of its calls, for those who watch it: money and records are never decided by it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.domain.ids import JobId
from gristmill.domain.usage import Usage
from gristmill.domain.worker import LATENCY_BOUNDS, Latencies, WorkerGauges, class_of
from gristmill.errors import ModelError, RateLimitedError
from gristmill.generation.pace import Pace
from gristmill.ports.clock import Clock
from gristmill.ports.models import Models


@dataclass(slots=True)
class Meter:
    """Counters that only rise since the process started, and the paces of the jobs at work now."""

    calls: int = 0
    failed: int = 0
    rate_limited: int = 0
    retried: int = 0
    in_flight: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    classes: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    _paces: list[Mapping[ModelName, Pace]] = field(default_factory=list)
    _making: dict[JobId, Collection[object]] = field(default_factory=dict)

    @contextmanager
    def watch(self, paces: Mapping[ModelName, Pace]) -> Iterator[None]:
        """Tell of the windows of a job's models for as long as the context."""
        self._paces.append(paces)
        try:
            yield
        finally:
            # By identity: two jobs may have equal models.
            self._paces = [other for other in self._paces if other is not paces]

    @contextmanager
    def count(self, job: JobId, making: Collection[object]) -> Iterator[None]:
        """Tell how many records of a job are in the making, as the collection grows and shrinks, in the context."""
        self._making[job] = making
        try:
            yield
        finally:
            del self._making[job]

    def answered(self, reply: Reply, seconds: float) -> None:
        """Count a call that was answered."""
        self.seconds += seconds
        self.classes[class_of(seconds)] += 1
        if reply.usage is not None:
            self.usage += reply.usage

    def refused(self, error: ModelError) -> None:
        """Count a call that brought no answer."""
        self.failed += 1
        self.rate_limited += isinstance(error, RateLimitedError)

    def read(self, *, jobs: int, cpu_seconds: float) -> WorkerGauges:
        """Everything as it stands now."""
        return WorkerGauges(
            jobs=jobs,
            in_flight=self.in_flight,
            making={job: len(records) for job, records in self._making.items()},
            windows=_sum_windows(self._paces),
            calls=self.calls,
            failed=self.failed,
            rate_limited=self.rate_limited,
            retried=self.retried,
            usage=self.usage,
            latencies=Latencies(counts=tuple(self.classes), seconds=self.seconds),
            cpu_seconds=cpu_seconds,
        )


@dataclass(frozen=True, slots=True)
class MeteredModels:
    """Models whose calls a meter counts. Whoever opened `models` closes them."""

    models: Models
    meter: Meter
    clock: Clock

    async def complete(self, request: Completion) -> Reply:
        """See Models."""
        meter, started = self.meter, self.clock.monotonic()
        meter.calls += 1
        meter.in_flight += 1
        try:
            reply = await self.models.complete(request)
        except ModelError as error:
            meter.refused(error)
            raise
        finally:
            meter.in_flight -= 1
        meter.answered(reply, self.clock.monotonic() - started)
        return reply

    async def close(self) -> None:
        """Nothing of its own is open."""


def _sum_windows(paces: Sequence[Mapping[ModelName, Pace]]) -> Mapping[ModelName, int]:
    windows: dict[ModelName, int] = {}
    for one in paces:
        for name, pace in one.items():
            windows[name] = windows.get(name, 0) + pace.window
    return windows
