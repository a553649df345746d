"""What stays beside a dataset: `summary.json`, honest to the nano-dollar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gristmill.datasets import Exported
from gristmill.domain.call import ModelSums
from gristmill.domain.json import JsonObject
from gristmill.domain.money import show_usd
from gristmill.jobs.report import JobReport, calls_json, tokens_json

SUMMARY_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long milling took, and how many records were accepted meanwhile."""

    seconds: float
    accepted: int

    @property
    def records_per_second(self) -> float:
        """The mean rate, or 0 when no time passed."""
        return self.accepted / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAs:
    """A finished export and its format."""

    format: str
    file: Exported


def summary_json(report: JobReport, pace: Pace, exports: Sequence[ExportedAs], folder: Path) -> JsonObject:
    """The summary. `seconds` and `records_per_second` are those of the last run; all else is the whole job's."""
    job, totals = report.job, report.totals
    tables = sorted({model.price.table for model in job.order.models.values()})
    return {
        "schema": SUMMARY_SCHEMA,
        "job": job.id,
        "status": job.status,
        "template": {"name": job.order.name, "digest": job.order.recipe},
        "random_seed": job.order.random_seed,
        "records": {"asked": job.records, "accepted": totals.accepted, "rejected": totals.rejected},
        "rejects": dict(totals.rejects),
        "calls": calls_json(totals),
        "tokens": tokens_json(report.usage),
        "cost_usd": show_usd(totals.spent.billed),
        "presumed_usd": show_usd(totals.spent.presumed),
        "lost_usd": show_usd(totals.lost),
        "budget_usd": show_usd(job.budget),
        "price_table": ", ".join(tables),
        "seconds": round(pace.seconds, 3),
        "records_per_second": round(pace.records_per_second, 3),
        "exports": [export_json(export, folder) for export in exports],
        "models": {name: _model_json(sums) for name, sums in sums_by_model(totals.sums).items()},
    }


def export_json(export: ExportedAs, folder: Path) -> JsonObject:
    """One export; its path is told from the folder it lies in."""
    path = export.file.path
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    return {"format": export.format, "path": str(inside), "records": export.file.records, "sha256": export.file.sha256}


def sums_by_model(sums: Iterable[ModelSums]) -> dict[str, ModelSums]:
    """The sums of all days, by model."""
    total: dict[str, ModelSums] = {}
    for one in sums:
        total[one.model] = total[one.model] + one if one.model in total else one
    return dict(sorted(total.items()))


def _model_json(sums: ModelSums) -> JsonObject:
    return {"calls": sums.calls, "tokens": tokens_json(sums.usage), "cost_usd": show_usd(sums.spent.billed)}
