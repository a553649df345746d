"""The rows of marks."""

from collections.abc import Collection, Sequence
from itertools import islice

from sqlalchemy import RowMapping, Select, delete, insert, select

from gristmill.adapters.sql.rows import decode_time, encode_time
from gristmill.adapters.sql.tables import marks
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, Slot
from gristmill.domain.mark import Mark, Opinion

# A statement takes a limited number of values.
BATCH = 500


def set_marks(tx: Transaction, job: JobId, slots: Collection[Slot], mark: Opinion | None, note: str) -> None:
    """See MarkStore."""
    # In order, so that two who mark the same slots wait for one another and never for each other.
    rest = iter(sorted(set(slots)))
    while batch := list(islice(rest, BATCH)):
        tx.connection.execute(delete(marks).where(marks.c.job == job, marks.c.slot.in_(batch)))
        if mark is not None:
            row = {"job": job, "mark": mark, "note": note, "at": encode_time(tx.now)}
            tx.connection.execute(insert(marks), [{**row, "slot": slot} for slot in batch])


def read_marks(tx: Transaction, job: JobId, first: Slot, last: Slot) -> Sequence[Mark]:
    """See MarkStore."""
    return _read(tx, _in_order(job).where(marks.c.slot.between(first, last)))


def list_marks(tx: Transaction, job: JobId, mark: Opinion, first: Slot, limit: int) -> Sequence[Mark]:
    """See MarkStore."""
    return _read(tx, _in_order(job).where(marks.c.mark == mark, marks.c.slot >= first).limit(limit))


def _in_order(job: JobId) -> Select[tuple[object, ...]]:
    return select(marks).where(marks.c.job == job).order_by(marks.c.slot)


def _read(tx: Transaction, asked: Select[tuple[object, ...]]) -> Sequence[Mark]:
    return [_decode(row) for row in tx.connection.execute(asked).mappings()]


def _decode(row: RowMapping) -> Mark:
    return Mark(slot=Slot(row["slot"]), mark=row["mark"], note=row["note"], at=decode_time(row["at"]))
