"""Rows of exports."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping, delete, insert, or_, select, update

from gristmill.adapters.sql.rows import decode_time, encode_json, encode_time
from gristmill.adapters.sql.tables import exports, jobs
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.export import Export, ExportFile, ExportStatus, ExportWish
from gristmill.domain.ids import ExportId, JobId
from gristmill.errors import NotFoundError

MOST_LISTED = 200

_SEEN = select(exports).join(jobs, jobs.c.id == exports.c.job).where(jobs.c.deleted_at.is_(None))


def add_export(tx: Transaction, export: Export) -> None:
    """See ExportStore."""
    if tx.connection.execute(select(exports.c.id).where(exports.c.id == export.id)).first() is None:
        tx.connection.execute(insert(exports), _encode(export))


def read_export(tx: Transaction, export: ExportId) -> Export:
    """See ExportStore."""
    row = tx.connection.execute(_SEEN.where(exports.c.id == export)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no export {export}.")
    return _decode(row)


def list_exports(tx: Transaction, job: JobId) -> Sequence[Export]:
    """See ExportStore."""
    newest = _SEEN.where(exports.c.job == job).order_by(exports.c.created_at.desc(), exports.c.id.desc())
    return [_decode(row) for row in tx.connection.execute(newest.limit(MOST_LISTED)).mappings()]


def take_export(tx: Transaction, maker: str, ttl: timedelta) -> Export | None:
    """See ExportStore."""
    is_left = (exports.c.status == ExportStatus.RUNNING) & (exports.c.expires_at < encode_time(tx.now))
    free = _SEEN.where(or_(exports.c.status == ExportStatus.QUEUED, is_left))
    row = tx.connection.execute(free.order_by(exports.c.created_at, exports.c.id).limit(1)).mappings().first()
    if row is None:
        return None
    taken = {"status": ExportStatus.RUNNING.value, "worker": maker, "expires_at": encode_time(tx.now + ttl)}
    tx.connection.execute(update(exports).where(exports.c.id == row["id"]).values(taken))
    return _decode({**row, **taken})


def keep_export(tx: Transaction, export: ExportId, maker: str, ttl: timedelta) -> bool:
    """See ExportStore."""
    return _write_own(tx, export, maker, {"expires_at": encode_time(tx.now + ttl)})


def end_export(tx: Transaction, export: ExportId, maker: str, made: ExportFile | str) -> bool:
    """See ExportStore."""
    is_made = isinstance(made, ExportFile)
    ended = {
        "status": (ExportStatus.DONE if is_made else ExportStatus.FAILED).value,
        "detail": "" if is_made else made,
        "files": encode_json([made] if is_made else []),
        "finished_at": encode_time(tx.now),
    }
    return _write_own(tx, export, maker, ended)


def drop_exports(tx: Transaction) -> int:
    """See LeftoverStore."""
    deleted = select(jobs.c.id).where(jobs.c.deleted_at.is_not(None))
    return tx.connection.execute(delete(exports).where(exports.c.job.in_(deleted))).rowcount


def _write_own(tx: Transaction, export: ExportId, maker: str, values: dict[str, Any]) -> bool:
    own = (exports.c.id == export) & (exports.c.worker == maker) & (exports.c.status == ExportStatus.RUNNING.value)
    return tx.connection.execute(update(exports).where(own).values(values)).rowcount == 1


def _encode(export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "job": export.job,
        "owner": export.owner,
        "status": export.status.value,
        "detail": export.detail,
        "order": encode_json(export.wish),
        "files": encode_json([export.file] if export.file else []),
        "created_at": encode_time(export.created_at),
        "finished_at": encode_time(export.finished_at) if export.finished_at else None,
    }


def _decode(row: RowMapping | dict[Any, Any]) -> Export:
    files = [ExportFile(**file) for file in orjson.loads(row["files"])]
    return Export(
        id=row["id"],
        job=row["job"],
        owner=row["owner"],
        wish=ExportWish(**orjson.loads(row["order"])),
        status=ExportStatus(row["status"]),
        detail=row["detail"],
        file=files[0] if files else None,
        created_at=decode_time(row["created_at"]),
        finished_at=decode_time(row["finished_at"]) if row["finished_at"] is not None else None,
    )
