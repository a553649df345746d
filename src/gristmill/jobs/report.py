"""A job as users see it: the shape that the shell prints and an API returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.domain.json import JsonObject
from gristmill.domain.money import show_usd
from gristmill.domain.report import JobTotals
from gristmill.domain.usage import Usage
from gristmill.ports.clock import Clock
from gristmill.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """A job's row and what its rows added up to, as they stood at one time."""

    job: Job
    totals: JobTotals
    at: datetime

    @property
    def usage(self) -> Usage:
        """Tokens of all ledger entries."""
        return sum((sums.usage for sums in self.totals.sums), Usage())

    @property
    def missing(self) -> int:
        """Records that are neither accepted nor given up."""
        return self.job.records - self.totals.accepted - self.totals.short


async def read_report(store: Store, clock: Clock, job: JobId) -> JobReport:
    """The job as it stands. Raises NotFoundError."""
    return JobReport(job=await store.read_job(job), totals=await store.read_totals(job), at=clock.now())


async def report_on(store: Store, clock: Clock, jobs: Sequence[Job]) -> Sequence[JobReport]:
    """Jobs that were just read, each with what its rows add up to now."""
    totals = await store.read_each_totals([job.id for job in jobs])
    return [JobReport(job=job, totals=totals[job.id], at=clock.now()) for job in jobs]


def report_json(report: JobReport) -> JsonObject:
    """The Job shape. Money is decimal text in US dollars; times are RFC 3339 in UTC, or null.

    `eta_seconds` goes by the job's mean rate since it started.
    """
    job, totals = report.job, report.totals
    rate = _rate(report)
    return {
        "id": job.id,
        "name": job.name,
        "kind": job.kind,
        "status": job.status,
        "status_reason": job.detail,
        "template": {
            "id": job.template.template if job.template else None,
            "name": job.order.name,
            "version": job.template.version if job.template else None,
            "digest": job.order.recipe,
        },
        "seeds": dict(job.order.seeds),
        "random_seed": job.order.random_seed,
        "models": dict(job.order.aliases),
        "records": {
            "asked": job.records,
            "accepted": totals.accepted,
            "rejected": totals.rejected,
            "in_flight": 0 if job.has_ended else totals.in_flight,
        },
        "money": money_json(report),
        "calls": calls_json(totals),
        "tokens": tokens_json(report.usage),
        "records_per_second": round(rate, 3) if rate else None,
        "eta_seconds": round(report.missing / rate) if rate and job.is_active else None,
        "workers": totals.workers,
        "created_at": time_json(job.created_at),
        "started_at": time_json(job.started_at),
        "finished_at": time_json(job.finished_at),
    }


def money_json(report: JobReport) -> JsonObject:
    """The budget and where it went, as decimal text in US dollars."""
    totals = report.totals
    return {
        "budget_usd": show_usd(report.job.budget),
        "billed_usd": show_usd(totals.spent.billed),
        "presumed_usd": show_usd(totals.spent.presumed),
        "lost_usd": show_usd(totals.lost),
        "held_usd": show_usd(totals.held),
    }


def calls_json(totals: JobTotals) -> JsonObject:
    """How calls ended."""
    counts = totals.counts
    return {
        "made": counts.made,
        "retried": counts.retried,
        "failed": counts.failed,
        "replayed": counts.replayed,
    }


def tokens_json(usage: Usage) -> JsonObject:
    """Tokens by kind: cached and cache_written are parts of input, reasoning of output."""
    return {
        "input": usage.input,
        "output": usage.output,
        "cached": usage.cached,
        "cache_written": usage.cache_written,
        "reasoning": usage.reasoning,
    }


def time_json(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _rate(report: JobReport) -> float | None:
    job = report.job
    if job.started_at is None:
        return None
    seconds = ((job.finished_at or report.at) - job.started_at).total_seconds()
    return report.totals.accepted / seconds if seconds > 0 else None
