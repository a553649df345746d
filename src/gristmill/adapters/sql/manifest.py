"""Segments and withdrawals: what readers may see."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, insert, select

from gristmill.adapters.sql.rows import decode_segment, decode_time, encode_segment, encode_time
from gristmill.adapters.sql.tables import segments, withdrawals
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import Digest, JobId, Slot
from gristmill.domain.segment import Commit, Segment, Withdrawal, manifest_digest
from gristmill.domain.slots import SlotSet
from gristmill.ports.store import Manifest

_NAMED = select(segments.c.sequence).where(segments.c.job == bindparam("of"), segments.c.name == bindparam("called"))
_NEWER = (
    select(segments)
    .where(segments.c.job == bindparam("of"), segments.c.sequence > bindparam("after"))
    .order_by(segments.c.sequence)
    .limit(bindparam("most"))
)
_NAMES = select(segments.c.name).where(segments.c.job == bindparam("of"))
_LIST = select(segments).where(segments.c.job == bindparam("of")).order_by(segments.c.sequence)
_MARKS = select(withdrawals.c.slot, withdrawals.c.attempt, withdrawals.c.reason).where(
    withdrawals.c.job == bindparam("of")
)
_MARKS_WITHIN = _MARKS.where(withdrawals.c.slot.between(bindparam("first"), bindparam("last")))
_MARKED = (
    select(withdrawals.c.reason, func.count().label("times"))
    .where(withdrawals.c.job == bindparam("of"))
    .group_by(withdrawals.c.reason)
)


def add_segment(tx: Transaction, job: JobId, segment: Segment) -> None:
    """Show a segment. A name that stands already holds these very bytes and changes nothing."""
    if tx.connection.execute(_NAMED, {"of": job, "called": segment.name}).first() is None:
        row = {"job": job, "committed_at": encode_time(tx.now), **encode_segment(segment)}
        tx.connection.execute(insert(segments), row)


def read_manifest(tx: Transaction, job: JobId) -> Manifest:
    """The segments in the order of their commits, and the marks."""
    rows = tx.connection.execute(_LIST, {"of": job}).mappings()
    listed = tuple(decode_segment(row) for row in rows)
    marks = {(row.slot, row.attempt): row.reason for row in tx.connection.execute(_MARKS, {"of": job})}
    return Manifest(
        segments=listed,
        withdrawn=frozenset(marks),
        reasons=marks,
        digest=manifest_digest(segment.name for segment in listed),
    )


def list_commits(tx: Transaction, job: JobId, after: int, limit: int) -> Sequence[Commit]:
    """The commits above `after`, in order."""
    rows = tx.connection.execute(_NEWER, {"of": job, "after": after, "most": limit}).mappings()
    return [
        Commit(sequence=row["sequence"], at=decode_time(row["committed_at"]), segment=decode_segment(row))
        for row in rows
    ]


def read_digest(tx: Transaction, job: JobId) -> Digest:
    """The manifest's digest alone."""
    return manifest_digest(tx.connection.execute(_NAMES, {"of": job}).scalars())


def read_marks_within(tx: Transaction, job: JobId, slots: SlotSet) -> frozenset[tuple[Slot, int]]:
    """The marks on records of one shard: slot and attempt."""
    last = slots.first + slots.size - 1
    rows = tx.connection.execute(_MARKS_WITHIN, {"of": job, "first": slots.first, "last": last})
    return frozenset((row.slot, row.attempt) for row in rows)


def count_marks(tx: Transaction, job: JobId) -> Mapping[str, int]:
    """How many records were withdrawn, by reason."""
    return {row.reason: row.times for row in tx.connection.execute(_MARKED, {"of": job})}


def add_marks(tx: Transaction, job: JobId, marks: Sequence[Withdrawal]) -> None:
    """New marks."""
    rows = [{"job": job, "slot": mark.slot, "attempt": mark.attempt, "reason": mark.reason} for mark in marks]
    tx.connection.execute(insert(withdrawals), rows)
