"""What jobs that have not ended have to do, and whether a queued one may start."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, and_, bindparam, case, func, or_, select

from gristmill.adapters.sql.rows import decode_time, encode_time
from gristmill.adapters.sql.tables import jobs, shards, users
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, UserId, WorkerId
from gristmill.domain.job import ENDED, Job, JobStatus
from gristmill.domain.turns import OpenJob, may_start

_RUNNING = sorted(status.value for status in JobStatus if status not in ENDED and status is not JobStatus.QUEUED)
_IS_OPEN = and_(jobs.c.status.in_([JobStatus.QUEUED.value, *_RUNNING]), jobs.c.deleted_at.is_(None))
_IS_LIVE = and_(shards.c.worker.is_not(None), shards.c.expires_at >= bindparam("now"))
_OPEN = (
    select(jobs.c.id, jobs.c.owner, jobs.c.status, jobs.c.created_at, users.c.running_limit)
    .outerjoin(users, users.c.id == jobs.c.owner)
    .where(_IS_OPEN)
    .order_by(jobs.c.created_at, jobs.c.id)
)
# A row for each worker of a job, and one for its shards that nobody holds.
_HOLDER = case((_IS_LIVE, shards.c.worker), else_=None).label("holder")
_SHARDS = (
    select(shards.c.job, _HOLDER, func.sum(shards.c.open).label("open"))
    .join(jobs, jobs.c.id == shards.c.job)
    .where(_IS_OPEN, or_(shards.c.open > 0, shards.c.worker.is_not(None)))
    .group_by(shards.c.job, "holder")
)
_ENDED = (
    select(jobs.c.id)
    .where(
        jobs.c.finished_at >= bindparam("since"),
        jobs.c.status.in_(sorted(status.value for status in ENDED)),
        jobs.c.deleted_at.is_(None),
    )
    .order_by(jobs.c.finished_at.desc(), jobs.c.id)
    .limit(bindparam("most"))
)
# Locked where the store can: two jobs of one user that would start at once must not both find the last place free.
_LIMIT = select(users.c.running_limit).where(users.c.id == bindparam("whose")).with_for_update()
_OF_OWNER = and_(jobs.c.owner == bindparam("whose"), jobs.c.deleted_at.is_(None))
_COUNT_RUNNING = select(func.count()).select_from(jobs).where(_OF_OWNER, jobs.c.status.in_(_RUNNING))
_COUNT_BEFORE = (
    select(func.count())
    .select_from(jobs)
    .where(
        _OF_OWNER,
        jobs.c.status == JobStatus.QUEUED.value,
        or_(
            jobs.c.created_at < bindparam("at"), and_(jobs.c.created_at == bindparam("at"), jobs.c.id < bindparam("of"))
        ),
    )
)


def list_open_jobs(tx: Transaction) -> Sequence[OpenJob]:
    """Every job that has not ended, in order of creation."""
    now = encode_time(tx.now)
    workers, free = defaultdict[JobId, set[WorkerId]](set), set[JobId]()
    for row in tx.connection.execute(_SHARDS, {"now": now}).mappings():
        if row["holder"] is not None:
            workers[row["job"]].add(row["holder"])
        elif row["open"]:
            free.add(row["job"])
    rows = tx.connection.execute(_OPEN).mappings().all()
    free_to_go = _free_to_go(rows)
    return [
        OpenJob(
            id=row["id"],
            owner=row["owner"],
            status=JobStatus(row["status"]),
            created_at=decode_time(row["created_at"]),
            workers=frozenset(workers[row["id"]]),
            free=row["id"] in free,
            may_start=row["id"] in free_to_go,
        )
        for row in rows
    ]


def list_ended_jobs(tx: Transaction, since: datetime, limit: int) -> Sequence[JobId]:
    """The jobs that ended since then, the latest first."""
    return tx.connection.execute(_ENDED, {"since": encode_time(since), "most": limit}).scalars().all()


def is_held_back(tx: Transaction, job: Job) -> bool:
    """Whether its owner's limit keeps a queued job from running now. Nothing of this owner starts meanwhile."""
    whose = {"whose": job.owner}
    limit = tx.connection.execute(_LIMIT, whose).scalar_one_or_none()
    if limit is None:
        return False
    running = tx.connection.execute(_COUNT_RUNNING, whose).scalar_one()
    place = {**whose, "at": encode_time(job.created_at), "of": job.id}
    before = tx.connection.execute(_COUNT_BEFORE, place).scalar_one()
    return not may_start(limit, running=running, queued_before=before)


def _free_to_go(rows: Sequence[RowMapping]) -> Collection[JobId]:
    """Those of the jobs, given in order of creation, that no limit holds back."""
    is_queued = {row["id"]: row["status"] == JobStatus.QUEUED for row in rows}
    running = Counter(row["owner"] for row in rows if not is_queued[row["id"]])
    queued, free = Counter[UserId](), set[JobId]()
    for row in rows:
        job, owner, limit = row["id"], row["owner"], row["running_limit"]
        if not is_queued[job] or may_start(limit, running=running[owner], queued_before=queued[owner]):
            free.add(job)
        queued[owner] += is_queued[job]
    return free
