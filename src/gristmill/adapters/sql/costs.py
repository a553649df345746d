"""What jobs cost, deleted ones included: what dashboards and metrics add up."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import RowMapping, bindparam, func, select

from gristmill.adapters.sql.recent import Recent
from gristmill.adapters.sql.tables import jobs
from gristmill.adapters.sql.totals import SegmentSums, Totals
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, UserId
from gristmill.domain.job import ENDED, JobStatus
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.report import JobCosts, JobTotals, StoreTotals

_EVERY = select(jobs.c.id, jobs.c.status, jobs.c.finished_at)
_NAMED = _EVERY.where(jobs.c.id.in_(bindparam("these", expanding=True)))
_OF_OWNER = select(jobs.c.id, jobs.c.name, jobs.c.status, jobs.c.finished_at, jobs.c.kind, jobs.c.order).order_by(
    jobs.c.created_at, jobs.c.id
)
_STATUSES = (
    select(jobs.c.status, func.count().label("times")).where(jobs.c.deleted_at.is_(None)).group_by(jobs.c.status)
)


# About two kilobytes each.
MOST_ENDED = 16_384


class Costs:
    """Totals of many jobs of one store. Those of an ended job do not change until it is resumed: they are kept."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._ended = Recent[tuple[JobId, int], JobTotals](MOST_ENDED)

    def known(self) -> Mapping[JobId, SegmentSums]:
        """What was summed so far; to be looked up before the transaction begins."""
        return self._totals.all_known()

    def read_each(
        self, tx: Transaction, known: Mapping[JobId, SegmentSums], of: Sequence[JobId]
    ) -> Mapping[JobId, JobTotals]:
        """See JobStore."""
        rows = tx.connection.execute(_NAMED, {"these": list(of)}).mappings().all()
        return {row["id"]: self._read(tx, known, row) for row in rows}

    def read_costs(self, tx: Transaction, known: Mapping[JobId, SegmentSums], owner: UserId) -> Sequence[JobCosts]:
        """See JobStore."""
        return [
            JobCosts(
                job=row["id"],
                name=row["name"],
                template=orjson.loads(row["order"])["name"],
                kind=row["kind"],
                status=JobStatus(row["status"]),
                totals=self._read(tx, known, row),
            )
            for row in tx.connection.execute(_OF_OWNER.where(jobs.c.owner == owner)).mappings().all()
        ]

    def read_store_totals(self, tx: Transaction, known: Mapping[JobId, SegmentSums]) -> StoreTotals:
        """See JobStore."""
        every = [self._read(tx, known, row) for row in tx.connection.execute(_EVERY).mappings().all()]
        spent: dict[str, Spent] = {}
        for sums in (sums for one in every for sums in one.sums):
            spent[sums.model] = spent.get(sums.model, Spent()) + sums.spent
        return StoreTotals(
            jobs={JobStatus(row.status): row.times for row in tx.connection.execute(_STATUSES)},
            accepted=sum(one.accepted for one in every),
            rejected=sum(one.rejected for one in every),
            spent=spent,
            lost=NanoUsd(sum(one.lost for one in every)),
            held=NanoUsd(sum(one.held for one in every)),
        )

    def _read(self, tx: Transaction, known: Mapping[JobId, SegmentSums], row: RowMapping) -> JobTotals:
        job, key, has_ended = row["id"], (row["id"], row["finished_at"]), JobStatus(row["status"]) in ENDED
        if has_ended and (kept := self._ended.get(key)) is not None:
            return kept
        totals = self._totals.read(tx, job, known.get(job, SegmentSums()))
        if has_ended:
            self._ended.put(key, totals)
            self._totals.forget(job)
        return totals
