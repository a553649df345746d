"""Figures for Prometheus, read from the store when they are asked for: every server of a store tells the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from gristmill.domain.job import JobStatus
from gristmill.domain.money import NANO, Spent
from gristmill.domain.report import StoreTotals
from gristmill.domain.worker import LATENCY_BOUNDS, SILENT, WorkerReport
from gristmill.wiring.service import Service

CONTENT_TYPE = CONTENT_TYPE_LATEST


async def render_metrics(service: Service) -> bytes:
    """The figures as text."""
    registry = CollectorRegistry(auto_describe=False)
    workers = await service.store.list_workers(service.clock.now() - SILENT)
    registry.register(_Figures(totals=await service.store.read_store_totals(), workers=workers))
    return generate_latest(registry)


# A registry keeps its collectors as keys: two are the same only where they are one.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Figures(Collector):
    """What all jobs add up to, and what workers that live report of themselves since they started."""

    totals: StoreTotals
    workers: Sequence[WorkerReport]

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        yield from self._of_jobs()
        yield from self._of_workers()
        yield self._latencies()

    def _of_jobs(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("gristmill_jobs", "Jobs that were not deleted, by status.", labels=["status"])
        for status in JobStatus:
            jobs.add_metric([status], self.totals.jobs.get(status, 0))
        yield jobs
        yield CounterMetricFamily("gristmill_records", "Accepted records.", self.totals.accepted)
        yield CounterMetricFamily("gristmill_rejected_attempts", "Rejected attempts.", self.totals.rejected)
        spent = CounterMetricFamily("gristmill_spent_usd", "Money spent, in US dollars.", labels=["model", "certainty"])
        for model, amount in sorted(self.totals.spent.items()):
            for certainty, nano in _parts(amount):
                spent.add_metric([model, certainty], float(nano / NANO))
        yield spent
        yield GaugeMetricFamily("gristmill_held_usd", "Held for calls, in US dollars.", float(self.totals.held / NANO))
        yield CounterMetricFamily(
            "gristmill_lost_usd", "Charged as lost, in US dollars.", float(self.totals.lost / NANO)
        )

    def _of_workers(self) -> Iterator[Metric]:
        gauges = [worker.gauges for worker in self.workers]
        yield GaugeMetricFamily("gristmill_workers", "Workers that live.", len(gauges))
        yield GaugeMetricFamily("gristmill_jobs_at_work", "Places of jobs in workers.", sum(one.jobs for one in gauges))
        yield GaugeMetricFamily("gristmill_calls_in_flight", "Calls in flight.", sum(one.in_flight for one in gauges))
        windows = Counter[str]()
        for one in gauges:
            windows.update({str(model): window for model, window in one.windows.items()})
        window = GaugeMetricFamily("gristmill_call_window", "The most calls that may be in flight.", labels=["model"])
        for model, size in sorted(windows.items()):
            window.add_metric([model], size)
        yield window
        calls = CounterMetricFamily("gristmill_calls", "Calls of workers that live, by what came.", labels=["outcome"])
        for outcome in ("failed", "rate_limited", "retried"):
            calls.add_metric([outcome], sum(getattr(one, outcome) for one in gauges))
        calls.add_metric(["sent"], sum(one.calls for one in gauges))
        yield calls
        tokens = CounterMetricFamily("gristmill_tokens", "Tokens of workers that live.", labels=["kind"])
        for kind in ("input", "output", "cached", "cache_written", "reasoning"):
            tokens.add_metric([kind], sum(getattr(one.usage, kind) for one in gauges))
        yield tokens
        yield CounterMetricFamily("gristmill_worker_cpu_seconds", "CPU of workers.", sum(g.cpu_seconds for g in gauges))

    def _latencies(self) -> Metric:
        every = [worker.gauges.latencies for worker in self.workers]
        counts = [sum(column) for column in zip(*(one.counts for one in every), strict=True)]
        bounds = [*(f"{bound:g}" for bound in LATENCY_BOUNDS), "+Inf"]
        counts = counts or [0] * len(bounds)
        risen = [(bound, float(sum(counts[: place + 1]))) for place, bound in enumerate(bounds)]
        family = HistogramMetricFamily("gristmill_call_seconds", "How long answered calls took, in seconds.")
        family.add_metric([], risen, sum(one.seconds for one in every))
        return family


def _parts(amount: Spent) -> Iterator[tuple[str, int]]:
    yield "billed", amount.billed
    yield "presumed", amount.presumed
