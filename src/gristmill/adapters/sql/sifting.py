"""The sifting's own writes, fenced by its lease."""

from collections.abc import Sequence
from dataclasses import replace

from gristmill.adapters.sql.jobs import read_job, write_job
from gristmill.adapters.sql.leases import write_once
from gristmill.adapters.sql.manifest import add_marks, read_marks_within
from gristmill.adapters.sql.shards import read_shard, tally_shards, write_shard
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import Digest, ShardNumber, WriteId
from gristmill.domain.job import JobStatus, change_status
from gristmill.domain.money import ZERO, Spent
from gristmill.domain.segment import Withdrawal
from gristmill.domain.shard import Lease, Report, Shard, check_fence, release, renew, withdraw


def withdraw_records(
    tx: Transaction, sifting: Lease, number: ShardNumber, marks: Sequence[Withdrawal], attempt_limit: int
) -> None:
    """Mark records as duplicates and open their slots again."""
    check_fence(read_shard(tx, sifting.job, sifting.shard), sifting)
    shard = read_shard(tx, sifting.job, number)
    standing = read_marks_within(tx, sifting.job, shard.done)
    fresh = [mark for mark in marks if (mark.slot, mark.attempt) not in standing]
    if fresh:
        add_marks(tx, sifting.job, fresh)
        write_shard(tx, withdraw(shard, fresh, attempt_limit=attempt_limit, passed=sifting.epoch))


def finish_sifting(tx: Transaction, sifting: Lease, seen: Digest, write: WriteId) -> None:
    """Note what the sifting saw and free it."""

    def finish(row: Shard) -> Shard:
        _note(tx, sifting, seen)
        nothing = Report(spent=Spent(), block=ZERO)
        return release(renew(row, nothing, granted=ZERO, now=tx.now, ttl=tx.ttl, write=write, stopping=False))

    write_once(tx, sifting, write, finish)


def _note(tx: Transaction, sifting: Lease, seen: Digest) -> None:
    before = read_job(tx, sifting.job)
    after = replace(before, siftings=before.siftings + 1, sifted=seen)
    if before.status is JobStatus.SIFTING and tally_shards(tx, sifting.job).open:
        after = change_status(after, JobStatus.RUNNING, tx.now)
    write_job(tx, before, after)
