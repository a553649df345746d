"""What the records of a job are like: lengths and labels of each field, and what was rejected."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass

from gristmill.datasets import FieldStatistics, FieldSummary, RecordSummary, read_records, read_summary
from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject
from gristmill.domain.record import DUPLICATE, NEAR_DUPLICATE
from gristmill.domain.report import JobTotals
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.shown import read_shown
from gristmill.ports.store import Manifest

# Without an index so many records, the first, stand for all.
SAMPLE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """What was counted over `summary.records` of the records that stand, and the job's totals."""

    summary: RecordSummary
    totals: JobTotals

    @property
    def is_whole(self) -> bool:
        """Whether every record that stands was counted."""
        return self.summary.records == self.totals.accepted

    @property
    def duplicates(self) -> Mapping[str, int]:
        """How many attempts were rejected or withdrawn for being like another record."""
        return {reason: self.totals.rejects.get(reason, 0) for reason in (DUPLICATE, NEAR_DUPLICATE)}


async def read_statistics(ports: BrowsePorts, job: JobId) -> JobStatistics:
    """The statistics of a job: of all records once it has an index, of the first ones before. Raises NotFoundError."""
    totals = await ports.store.read_totals(job)
    shown = await read_shown(ports, job)
    summary = await read_summary(ports.blobs, job, shown.manifest)
    return JobStatistics(summary=summary or await _sample(ports, job, shown.manifest), totals=totals)


def statistics_json(statistics: JobStatistics) -> JsonObject:
    """The statistics as an API answers them."""
    totals = statistics.totals
    return {
        "accepted": totals.accepted,
        "rejected": totals.rejected,
        "rejects": dict(totals.rejects),
        "duplicates": dict(statistics.duplicates),
        "counted": statistics.summary.records,
        "is_whole": statistics.is_whole,
        "fields": {name: _field_json(field) for name, field in statistics.summary.fields.items()},
    }


def _field_json(field: FieldSummary) -> JsonObject:
    return {
        "lengths": asdict(field.lengths) if field.lengths else None,
        "labels": [{"label": label, "count": count} for label, count in field.labels],
    }


async def _sample(ports: BrowsePorts, job: JobId, manifest: Manifest) -> RecordSummary:
    statistics, left = FieldStatistics(), SAMPLE
    async with aclosing(read_records(ports.blobs, job, manifest, lineage=False)) as rows:
        async for row in rows:
            statistics.add(row.record or {})
            left -= 1
            if not left:
                break
    return statistics.summary()
