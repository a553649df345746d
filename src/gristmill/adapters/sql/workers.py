"""Rows of workers that live."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from gristmill.adapters.sql.rows import decode_time, encode_json, encode_time
from gristmill.adapters.sql.tables import workers
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.usage import Usage
from gristmill.domain.worker import SILENT, Latencies, WorkerGauges, WorkerReport

# A worker that has said nothing for so long is gone.
KEPT = timedelta(minutes=5)

_SINCE = select(workers).where(workers.c.seen_at >= bindparam("since")).order_by(workers.c.started_at, workers.c.id)
_REPORT = (
    update(workers)
    .where(workers.c.id == bindparam("whose"))
    .values(seen_at=bindparam("now"), gauges=bindparam("figures"))
)
_GONE = delete(workers).where(workers.c.seen_at < bindparam("before"))
_FORGET = delete(workers).where(workers.c.id == bindparam("whose"))


def report_worker(tx: Transaction, worker: WorkerId, host: str, started_at: datetime, gauges: WorkerGauges) -> None:
    """Note that the worker lives, and tidy those that do not."""
    now, figures = encode_time(tx.now), encode_json(gauges)
    known = tx.connection.execute(_REPORT, {"whose": worker, "now": now, "figures": figures})
    if not known.rowcount:
        row = {"id": worker, "host": host, "started_at": encode_time(started_at), "seen_at": now, "gauges": figures}
        tx.connection.execute(insert(workers), row)
    tx.connection.execute(_GONE, {"before": encode_time(tx.now - KEPT)})


def forget_worker(tx: Transaction, worker: WorkerId) -> None:
    """Take out a worker that goes."""
    tx.connection.execute(_FORGET, {"whose": worker})


def list_workers(tx: Transaction, since: datetime) -> Sequence[WorkerReport]:
    """The workers that reported since then."""
    rows = tx.connection.execute(_SINCE, {"since": encode_time(since)}).mappings()
    return [_decode(row) for row in rows]


def count_making(tx: Transaction, job: JobId) -> int | None:
    """How many records of the job are in the making; None where no worker reports itself."""
    workers_seen = list_workers(tx, tx.now - SILENT)
    return sum(worker.gauges.making.get(job, 0) for worker in workers_seen) if workers_seen else None


def _decode(row: RowMapping) -> WorkerReport:
    return WorkerReport(
        id=row["id"],
        host=row["host"],
        started_at=decode_time(row["started_at"]),
        seen_at=decode_time(row["seen_at"]),
        gauges=_decode_gauges(row["gauges"]),
    )


def _decode_gauges(text: str) -> WorkerGauges:
    fields = orjson.loads(text)
    took = fields["latencies"]
    return WorkerGauges(
        **{
            **fields,
            "usage": Usage(**fields["usage"]),
            "latencies": Latencies(counts=tuple(took["counts"]), seconds=took["seconds"]),
        }
    )
