"""A job's totals: sums over its rows, where segments that were summed before are not read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import bindparam, select

from gristmill.adapters.sql.budgets import read_budget
from gristmill.adapters.sql.manifest import count_marks
from gristmill.adapters.sql.recent import Recent
from gristmill.adapters.sql.rows import decode_segment
from gristmill.adapters.sql.shards import sum_shards
from gristmill.adapters.sql.tables import segments
from gristmill.adapters.sql.transaction import Transaction
from gristmill.adapters.sql.workers import count_making
from gristmill.domain.call import CallCounts, ModelSums
from gristmill.domain.ids import JobId
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.report import JobTotals
from gristmill.domain.segment import Segment

_NEWER = (
    select(segments)
    .where(segments.c.job == bindparam("of"), segments.c.sequence > bindparam("after"))
    .order_by(segments.c.sequence)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSums:
    """What a job's segments add up to, up to a place in the order of their commits."""

    sequence: int = 0
    rejected: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[tuple[str, str], ModelSums] = field(default_factory=dict)
    counts: CallCounts = CallCounts()


# About a kilobyte each.
MOST_KNOWN = 4_096


class Totals:
    """Totals of any job of one store. Segments never change: of the jobs that are asked for, each is read once."""

    def __init__(self) -> None:
        self._known = Recent[JobId, SegmentSums](MOST_KNOWN)

    def known(self, job: JobId) -> SegmentSums:
        """What was summed so far."""
        return self._known.get(job) or SegmentSums()

    def all_known(self) -> Mapping[JobId, SegmentSums]:
        """What was summed so far, of every job that is kept."""
        return self._known.all()

    def forget(self, job: JobId) -> None:
        """Keep nothing of a job."""
        self._known.drop(job)

    def read(self, tx: Transaction, job: JobId, known: SegmentSums) -> JobTotals:
        """What the rows add up to in this transaction, given what was known before it began. Raises NotFoundError."""
        granted = read_budget(tx, job).granted
        known = _read_on(tx, job, known)
        self._known.put(job, known)
        row, marks = sum_shards(tx, job), count_marks(tx, job)
        return JobTotals(
            accepted=int(row["accepted"]),
            short=int(row["short"]),
            rejected=known.rejected + sum(marks.values()),
            rejects=_add_counts(known.rejects, marks),
            spent=Spent(billed=NanoUsd(int(row["billed"])), presumed=NanoUsd(int(row["presumed"]))),
            lost=NanoUsd(int(row["lost"])),
            held=NanoUsd(int(row["held"])),
            granted=granted,
            sums=tuple(known.sums[key] for key in sorted(known.sums)),
            counts=known.counts,
            workers=row["workers"],
            in_flight=count_making(tx, job),
            withdrawn=sum(marks.values()),
        )


def _read_on(tx: Transaction, job: JobId, known: SegmentSums) -> SegmentSums:
    for row in tx.connection.execute(_NEWER, {"of": job, "after": known.sequence}).mappings():
        known = _add(replace(known, sequence=row["sequence"]), decode_segment(row))
    return known


def _add(known: SegmentSums, segment: Segment) -> SegmentSums:
    sums = dict(known.sums)
    for one in segment.sums:
        key = (one.day, one.model)
        sums[key] = sums[key] + one if key in sums else one
    return replace(
        known,
        rejected=known.rejected + segment.rejected,
        rejects=_add_counts(known.rejects, segment.rejects),
        sums=sums,
        counts=known.counts + segment.counts,
    )


def _add_counts(some: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return {name: some.get(name, 0) + more.get(name, 0) for name in sorted({*some, *more})}
