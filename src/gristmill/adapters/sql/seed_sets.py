"""The rows of seed sets: who brought which rows, and which jobs draw from them."""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import ColumnElement, RowMapping, Select, delete, exists, func, insert, select

from gristmill.adapters.sql.paging import read_page
from gristmill.adapters.sql.rows import Columns, decode_time, encode_json, encode_time
from gristmill.adapters.sql.tables import condemned_seeds, jobs, seed_sets, seed_uses
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import Digest, JobId, UserId
from gristmill.domain.job import Job
from gristmill.domain.paging import Page, Place
from gristmill.domain.seeds import SeedColumn, SeedSet
from gristmill.errors import InUseError, NotFoundError, StoreBusyError


def note_uses(tx: Transaction, job: Job) -> None:
    """Note which seed sets a new job draws from."""
    uses = [{"job": job.id, "digest": digest, "owner": job.owner} for digest in sorted(set(job.order.seeds.values()))]
    if uses:
        tx.connection.execute(insert(seed_uses), uses)


def add_seeds(tx: Transaction, seeds: SeedSet) -> SeedSet:
    """See SeedsStore."""
    if tx.connection.execute(select(_is_condemned(seeds.digest))).scalar_one():
        raise StoreBusyError("The same rows are just being deleted. Send them again in a moment.")
    before = _row(tx, seeds.owner, seeds.digest)
    if before is not None:
        return _decode(before)
    tx.connection.execute(insert(seed_sets), _encode(seeds))
    return seeds


def read_seeds(tx: Transaction, owner: UserId, digest: Digest) -> SeedSet:
    """See SeedsStore."""
    row = _row(tx, owner, digest)
    if row is None:
        raise NotFoundError(f"There are no seeds {digest}.")
    return _decode(row)


def list_seeds(tx: Transaction, owner: UserId, limit: int, after: Place | None) -> Page[SeedSet]:
    """See SeedsStore."""
    keys = (seed_sets.c.created_at, seed_sets.c.digest)
    own = select(seed_sets).where(seed_sets.c.owner == owner)
    return read_page(tx, own, keys, after, limit, decode=_decode, is_newest_first=True)


def delete_seeds(tx: Transaction, owner: UserId, digest: Digest) -> None:
    """See SeedsStore."""
    name = read_seeds(tx, owner, digest).name
    own = _live_uses(digest).where(seed_uses.c.owner == owner)
    count = tx.connection.execute(select(func.count()).select_from(own.subquery())).scalar_one()
    if count:
        draw = "1 job draws" if count == 1 else f"{count:,} jobs draw"
        raise InUseError(f"{draw} from the seeds {name!r}. Delete them first.")
    tx.connection.execute(delete(seed_sets).where(seed_sets.c.owner == owner, seed_sets.c.digest == digest))


def condemn_seeds(tx: Transaction, digest: Digest) -> bool:
    """See SeedsStore."""
    has_line = exists().where(seed_sets.c.digest == digest)
    if tx.connection.execute(select(has_line | _live_uses(digest).exists())).scalar_one():
        return False
    if not tx.connection.execute(select(_is_condemned(digest))).scalar_one():
        tx.connection.execute(insert(condemned_seeds), {"digest": digest})
    return True


def list_condemned_seeds(tx: Transaction) -> Sequence[Digest]:
    """See SeedsStore."""
    return [Digest(digest) for digest in tx.connection.execute(select(condemned_seeds.c.digest)).scalars()]


def forget_seeds(tx: Transaction, digest: Digest) -> None:
    """See SeedsStore."""
    tx.connection.execute(delete(condemned_seeds).where(condemned_seeds.c.digest == digest))


def _is_condemned(digest: Digest) -> ColumnElement[bool]:
    return exists().where(condemned_seeds.c.digest == digest)


def _live_uses(digest: Digest) -> Select[tuple[str]]:
    used = select(seed_uses.c.job).join(jobs, jobs.c.id == seed_uses.c.job)
    return used.where(seed_uses.c.digest == digest, jobs.c.deleted_at.is_(None))


def _row(tx: Transaction, owner: UserId, digest: Digest) -> RowMapping | None:
    asked = select(seed_sets).where(seed_sets.c.owner == owner, seed_sets.c.digest == digest)
    return tx.connection.execute(asked).mappings().one_or_none()


def _encode(seeds: SeedSet) -> Columns:
    return {
        "owner": seeds.owner,
        "digest": seeds.digest,
        "name": seeds.name,
        "rows": seeds.rows,
        "bytes": seeds.bytes,
        "columns": encode_json(seeds.columns),
        "job": seeds.job,
        "created_at": encode_time(seeds.created_at),
    }


def _decode(row: RowMapping) -> SeedSet:
    return SeedSet(
        owner=row["owner"],
        digest=row["digest"],
        name=row["name"],
        rows=row["rows"],
        bytes=row["bytes"],
        columns=_decode_columns(row["columns"]),
        job=JobId(row["job"]) if row["job"] is not None else None,
        created_at=decode_time(row["created_at"]),
    )


def _decode_columns(text: str) -> tuple[SeedColumn, ...]:
    told: Iterable[Columns] = orjson.loads(text)
    return tuple(SeedColumn(**{**one, "types": tuple(one["types"])}) for one in told)
