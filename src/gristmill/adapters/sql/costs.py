"""What a user's jobs cost, deleted ones included: what dashboards add up."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import select

from gristmill.adapters.sql.tables import jobs
from gristmill.adapters.sql.totals import SegmentSums, Totals
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, UserId
from gristmill.domain.report import JobCosts

_OF_OWNER = select(jobs.c.id, jobs.c.name, jobs.c.status, jobs.c.kind, jobs.c.order).order_by(
    jobs.c.created_at, jobs.c.id
)


def read_costs(
    tx: Transaction, totals: Totals, known: Mapping[JobId, SegmentSums], owner: UserId
) -> Sequence[JobCosts]:
    """See JobStore. `known` is what was known of each job before the transaction began."""
    return [
        JobCosts(
            job=row.id,
            name=row.name,
            template=orjson.loads(row.order)["name"],
            kind=row.kind,
            status=row.status,
            totals=totals.read(tx, row.id, known.get(row.id, SegmentSums())),
        )
        for row in tx.connection.execute(_OF_OWNER.where(jobs.c.owner == owner)).all()
    ]
