"""Shard rows: read, written, counted and searched; the rules are the domain's."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, bindparam, func, insert, or_, select, update

from gristmill.adapters.sql.rows import decode_losses, decode_shard, encode_shard, encode_time
from gristmill.adapters.sql.tables import shards
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import Epoch, JobId, ShardNumber, WorkerId, WriteId
from gristmill.domain.job import Tally
from gristmill.domain.shard import Shard, is_expired, reap
from gristmill.errors import NotFoundError

_OF_JOB = shards.c.job == bindparam("of")
_READ = select(shards).where(_OF_JOB, shards.c.number == bindparam("at"))
_LIST = select(shards).where(_OF_JOB, shards.c.number >= 0).order_by(shards.c.number)
_WRITE = (
    update(shards)
    .where(_OF_JOB, shards.c.number == bindparam("at"))
    .values({column: bindparam(f"new_{column.name}") for column in shards.c if not column.primary_key})
)
_WRITTEN = select(shards).where(_OF_JOB, shards.c.last_write == bindparam("write"))
_FREE = (
    select(shards.c.number)
    .where(
        _OF_JOB,
        shards.c.number >= 0,
        shards.c.open > 0,
        or_(shards.c.worker.is_(None), shards.c.expires_at < bindparam("now")),
    )
    .order_by(shards.c.number)
)
_EXPIRED = select(shards).where(_OF_JOB, shards.c.worker.is_not(None), shards.c.expires_at < bindparam("now"))
_LOSING = select(shards.c.number, shards.c.losses).where(_OF_JOB, shards.c.losses != "[]").order_by(shards.c.number)
_TALLY = select(
    func.coalesce(func.sum(shards.c.open), 0).label("open"),
    func.coalesce(func.sum(shards.c.size - shards.c.open - shards.c.accepted), 0).label("short"),
    func.count(shards.c.worker).label("leases"),
).where(_OF_JOB)
_LIVE = select(func.count()).where(_OF_JOB, shards.c.number >= 0, shards.c.worker.is_not(None))
_HELD = select(func.coalesce(func.sum(shards.c.block - shards.c.billed - shards.c.presumed), 0)).where(_OF_JOB)
_MONEY = select(
    func.coalesce(func.sum(shards.c.accepted), 0).label("accepted"),
    func.coalesce(func.sum(shards.c.size - shards.c.open - shards.c.accepted), 0).label("short"),
    func.coalesce(func.sum(shards.c.past_billed + shards.c.billed), 0).label("billed"),
    func.coalesce(func.sum(shards.c.past_presumed + shards.c.presumed), 0).label("presumed"),
    func.coalesce(func.sum(shards.c.lost), 0).label("lost"),
    func.coalesce(func.sum(shards.c.block - shards.c.billed - shards.c.presumed), 0).label("held"),
    func.count(func.distinct(shards.c.worker)).label("workers"),
).where(_OF_JOB)


def add_shards(tx: Transaction, rows: Sequence[Shard]) -> None:
    """New shards."""
    tx.connection.execute(insert(shards), [encode_shard(shard) for shard in rows])


def read_shard(tx: Transaction, job: JobId, number: ShardNumber) -> Shard:
    """A shard's row. Raises NotFoundError."""
    row = tx.connection.execute(_READ, {"of": job, "at": number}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"job {job} has no shard {number}")
    return decode_shard(row)


def write_shard(tx: Transaction, shard: Shard) -> None:
    """The row as it stands now."""
    columns = {f"new_{name}": value for name, value in encode_shard(shard).items() if name not in {"job", "number"}}
    tx.connection.execute(_WRITE, {"of": shard.job, "at": shard.number, **columns})


def list_shards(tx: Transaction, job: JobId) -> Sequence[Shard]:
    """All shards of slots, in order."""
    return [decode_shard(row) for row in tx.connection.execute(_LIST, {"of": job}).mappings()]


def find_written(tx: Transaction, job: JobId, write: WriteId) -> Shard | None:
    """The shard whose last write has this id."""
    row = tx.connection.execute(_WRITTEN, {"of": job, "write": write}).mappings().first()
    return decode_shard(row) if row else None


def find_free(tx: Transaction, job: JobId) -> Sequence[ShardNumber]:
    """The shards with open slots that no lease holds, or only one whose time is over."""
    return tx.connection.execute(_FREE, {"of": job, "now": encode_time(tx.now)}).scalars().all()


def reap_expired(tx: Transaction, job: JobId) -> None:
    """Take over every lease whose time is over, the sifting's too."""
    expired = tx.connection.execute(_EXPIRED, {"of": job, "now": encode_time(tx.now)}).mappings().all()
    for row in expired:
        write_shard(tx, reap(decode_shard(row)))


def reap_if_expired(tx: Transaction, shard: Shard) -> Shard:
    """The shard, taken from its holder when the time is over. Not yet written."""
    return reap(shard) if is_expired(shard, tx.now) else shard


def open_losses(tx: Transaction, job: JobId) -> Sequence[tuple[ShardNumber, Epoch, WorkerId, int]]:
    """The dead epochs that may still be settled."""
    rows = tx.connection.execute(_LOSING, {"of": job}).all()
    return [
        (row.number, loss.epoch, loss.worker, loss.settled)
        for row in rows
        for loss in decode_losses(row.losses)
        if not loss.is_final
    ]


def tally_shards(tx: Transaction, job: JobId) -> Tally:
    """Open slots, slots given up, and leases that stand (the sifting's among them)."""
    row = tx.connection.execute(_TALLY, {"of": job}).one()
    return Tally(open=int(row.open), short=int(row.short), leases=row.leases)


def count_leases(tx: Transaction, job: JobId) -> int:
    """How many leases of slots stand."""
    return tx.connection.execute(_LIVE, {"of": job}).scalar_one()


def sum_held(tx: Transaction, job: JobId) -> int:
    """What live blocks hold beyond what is reported as spent."""
    return int(tx.connection.execute(_HELD, {"of": job}).scalar_one())


def sum_shards(tx: Transaction, job: JobId) -> RowMapping:
    """What the rows add up to: accepted, short, billed, presumed, lost, held, workers."""
    return tx.connection.execute(_MONEY, {"of": job}).mappings().one()
