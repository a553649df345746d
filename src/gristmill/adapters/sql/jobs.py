"""Job rows: ordered, stopped, resumed, extended and ended; every change of status writes its event."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, bindparam, insert, select, tuple_, update

from gristmill.adapters.sql.budgets import read_budget, write_budget
from gristmill.adapters.sql.events import write_event
from gristmill.adapters.sql.limits import hold_limit
from gristmill.adapters.sql.manifest import read_digest
from gristmill.adapters.sql.rows import decode_job, encode_job, encode_time
from gristmill.adapters.sql.seed_sets import note_uses
from gristmill.adapters.sql.shards import (
    add_shards,
    read_shard,
    reap_expired,
    sum_held,
    tally_shards,
    write_shard,
)
from gristmill.adapters.sql.tables import budgets, jobs
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.budget import Budget
from gristmill.domain.commitment import commitment
from gristmill.domain.ids import SIFTING, JobId, ShardNumber, Slot, UserId
from gristmill.domain.job import (
    ACTIVE,
    Job,
    JobKind,
    JobStatus,
    StopReason,
    change_status,
    next_status,
    resume,
    retry,
    stop,
)
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.domain.shard import Shard, reopen
from gristmill.domain.slots import SlotSet
from gristmill.errors import BudgetTooSmallError, NotFoundError, WrongStateError

# What a deleted job cost still counts; nobody sees it.
_ALL = select(jobs, budgets.c.cap).join(budgets, budgets.c.job == jobs.c.id).where(jobs.c.deleted_at.is_(None))
_READ = _ALL.where(jobs.c.id == bindparam("of"))
_STATUS = select(jobs.c.status).where(jobs.c.id == bindparam("of"))
_PLACE = select(jobs.c.created_at).where(jobs.c.id == bindparam("of"))
# The order never changes, and it is the one long column.
_FIXED = frozenset({"id", "owner", "order", "deleted_at"})
# As many as any store takes in one statement.
MOST_NAMED = 500
_WRITE = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"))
    .values({column: bindparam(f"new_{column.name}") for column in jobs.c if column.name not in _FIXED})
)


def create_job(tx: Transaction, job: Job, shards: Sequence[Shard]) -> None:
    """The job with its shards and budget; nothing when it exists."""
    if _read_status(tx, job.id) is not None:
        return
    hold_limit(tx, job.owner, job.budget)
    sifting = Shard(job=job.id, number=SIFTING, done=SlotSet(0, 0))
    add_shards(tx, [sifting, *shards])
    tx.connection.execute(insert(budgets), {"job": job.id, "cap": job.budget, "granted": 0})
    tx.connection.execute(insert(jobs), encode_job(job))
    note_uses(tx, job)
    _tell_status(tx, job)


def read_job(tx: Transaction, job: JobId) -> Job:
    """The job's row. Raises NotFoundError."""
    row = tx.connection.execute(_READ, {"of": job}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {job}.")
    return decode_job(row)


def is_stopping(tx: Transaction, job: JobId) -> bool:
    """Whether the job takes no new lease, block or call."""
    return _read_status(tx, job) not in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs are listed: of an owner, a kind and some statuses, each if it is given."""

    owner: UserId | None
    kind: JobKind | None
    statuses: Collection[JobStatus]

    @property
    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What their rows satisfy."""
        if self.owner is not None:
            yield jobs.c.owner == self.owner
        if self.kind is not None:
            yield jobs.c.kind == self.kind
        if self.statuses:
            yield jobs.c.status.in_(sorted(self.statuses))


def list_jobs(tx: Transaction, wanted: Wanted, limit: int, after: JobId | None) -> Sequence[Job]:
    """Such jobs, newest first. Raises NotFoundError when `after` names none."""
    asked = _ALL.where(*wanted.conditions).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    if after is not None:
        asked = asked.where(tuple_(jobs.c.created_at, jobs.c.id) < (_place(tx, after), after))
    return [decode_job(row) for row in tx.connection.execute(asked).mappings()]


def delete_job(tx: Transaction, job_id: JobId) -> None:
    """Hide an ended job. Raises WrongStateError."""
    job = read_job(tx, job_id)
    if not job.has_ended:
        raise WrongStateError(f"Job {job_id} is {job.status}: cancel it, then delete it.")
    tx.connection.execute(update(jobs).where(jobs.c.id == job_id).values(deleted_at=encode_time(tx.now)))


def list_deleted_jobs(tx: Transaction, among: Collection[JobId]) -> Sequence[JobId]:
    """See LeftoverStore."""
    deleted = select(jobs.c.id).where(jobs.c.deleted_at.is_not(None))
    asked = sorted(among)
    parts = (asked[first : first + MOST_NAMED] for first in range(0, len(asked), MOST_NAMED))
    return [job for part in parts for job in tx.connection.execute(deleted.where(jobs.c.id.in_(part))).scalars()]


def write_job(tx: Transaction, before: Job, after: Job) -> Job:
    """The row as it stands now, with the event of a change of status."""
    if after != before:
        columns = {f"new_{name}": value for name, value in encode_job(after).items() if name not in _FIXED}
        tx.connection.execute(_WRITE, {"of": after.id, **columns})
    if after.status is not before.status:
        _tell_status(tx, after)
    return after


def stop_job(tx: Transaction, job_id: JobId, reason: StopReason, detail: str) -> Job:
    """Turn an active job to stopping."""
    job = read_job(tx, job_id)
    return write_job(tx, job, stop(job, reason, detail, tx.now))


def resume_job(tx: Transaction, job_id: JobId) -> Job:
    """Queue a paused or ended job again. Raises LimitReachedError."""
    job = read_job(tx, job_id)
    return _queue_again(tx, job, resume(job, tx.now))


def retry_rejects(tx: Transaction, job_id: JobId, short: Mapping[ShardNumber, Collection[Slot]]) -> Job:
    """Open the slots that were given up again. Raises WrongStateError and LimitReachedError."""
    job = read_job(tx, job_id)
    again = retry(job, tx.now)
    if not any(short.values()) or sum(map(len, short.values())) != tally_shards(tx, job_id).short:
        raise WrongStateError(f"No slot of job {job_id} was given up, or they changed meanwhile: look at it again.")
    # What stood when the last sifting began stays: records made from now on are of a later pass.
    passed = read_shard(tx, job_id, SIFTING).epoch
    for number, slots in short.items():
        shard = read_shard(tx, job_id, number)
        write_shard(tx, reopen(shard, slots, attempts_used=job.attempt_limit, passed=passed))
    return _queue_again(tx, job, again)


def exhaust_job(tx: Transaction, job_id: JobId, need: NanoUsd) -> bool:
    """Stop the job when no money is left for `need` and none can come back."""
    job = read_job(tx, job_id)
    if not job.is_active:
        return True
    if read_budget(tx, job_id).free >= need:
        return False
    # A dead holder's block would be waited for in vain: nobody leases a shard that is done.
    reap_expired(tx, job_id)
    if sum_held(tx, job_id):
        return False
    detail = f"what is left of the budget of ${show_usd(job.budget)} covers no next call"
    write_job(tx, job, stop(job, StopReason.BUDGET_EXHAUSTED, detail, tx.now))
    return True


def set_budget(tx: Transaction, job_id: JobId, cap: NanoUsd) -> Job:
    """Set the cap. Raises BudgetTooSmallError and LimitReachedError."""
    job, budget = read_job(tx, job_id), read_budget(tx, job_id)
    if cap < budget.granted:
        granted = show_usd(budget.granted)
        raise BudgetTooSmallError(f"${show_usd(cap)} is less than the ${granted} already spent or set aside.")
    if cap != budget.cap:
        after = Budget(cap=cap, granted=budget.granted)
        hold_limit(tx, job.owner, NanoUsd(commitment(job.status, after) - commitment(job.status, budget)))
        write_budget(tx, job_id, after)
        write_event(tx, job_id, "money", {"budget_usd": show_usd(cap)})
    return replace(job, budget=cap)


def extend_job(tx: Transaction, job_id: JobId, records: int, shards: Sequence[Shard]) -> Job:
    """Add shards up to `records`. Raises WrongStateError."""
    job = read_job(tx, job_id)
    if job.status is JobStatus.STOPPING:
        raise WrongStateError(f"job {job_id} is stopping: wait until it has stopped, then extend it.")
    planned = sum(shard.done.size for shard in shards)
    if records <= job.records or not shards or shards[0].done.first != job.records or planned != records - job.records:
        raise WrongStateError(f"job {job_id} has {job.records} records: {records} is not more.")
    # What stood when the last sifting began stays: records made from now on are of a later pass.
    passed = read_shard(tx, job_id, SIFTING).epoch
    add_shards(tx, [replace(shard, passed=passed) for shard in shards])
    extended = write_job(tx, job, replace(job, records=records))
    write_event(tx, job_id, "state", {"status": job.status, "records": records})
    return extended


def finish_job(tx: Transaction, job_id: JobId) -> JobStatus:
    """Move the job on as far as its rows allow."""
    job = read_job(tx, job_id)
    if job.has_ended:
        return job.status
    if job.status is JobStatus.STOPPING or not tally_shards(tx, job_id).open:
        reap_expired(tx, job_id)
    tally = tally_shards(tx, job_id)
    # The digest of a manifest costs a walk over its names: only when everything else is done.
    sifted = not tally.open and not tally.leases and is_sifted(tx, job)
    after = next_status(job, tally, is_sifted=sifted)
    if after is not job.status:
        write_job(tx, job, change_status(job, after, tx.now))
    return after


def is_sifted(tx: Transaction, job: Job) -> bool:
    """Whether the last sifting saw the manifest as it is now."""
    return job.order.sifts and job.sifted is not None and job.sifted == read_digest(tx, job.id)


def _queue_again(tx: Transaction, before: Job, after: Job) -> Job:
    budget = read_budget(tx, before.id)
    hold_limit(tx, before.owner, NanoUsd(commitment(after.status, budget) - commitment(before.status, budget)))
    return write_job(tx, before, after)


def _place(tx: Transaction, job: JobId) -> int:
    created_at: int | None = tx.connection.execute(_PLACE, {"of": job}).scalar_one_or_none()
    if created_at is None:
        raise NotFoundError(f"There is no job {job}.")
    return created_at


def _read_status(tx: Transaction, job: JobId) -> str | None:
    return tx.connection.execute(_STATUS, {"of": job}).scalar_one_or_none()


def _tell_status(tx: Transaction, job: Job) -> None:
    fields = {"status": job.status, "reason": job.stop, "detail": job.detail}
    write_event(tx, job.id, "state", fields)
    if job.has_ended:
        write_event(tx, job.id, "end", fields)
