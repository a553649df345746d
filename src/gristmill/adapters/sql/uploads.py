"""The rows of uploads that are on their way into the blobs."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select

from gristmill.adapters.sql.rows import decode_time, encode_time
from gristmill.adapters.sql.tables import uploads
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import UploadId, UserId
from gristmill.domain.seeds import SeedUpload
from gristmill.errors import NotFoundError


def add_upload(tx: Transaction, upload: SeedUpload) -> None:
    """See SeedsStore."""
    row = {
        "id": upload.id,
        "owner": upload.owner,
        "name": upload.name,
        "blob": upload.blob,
        "expires_at": encode_time(upload.expires_at),
    }
    tx.connection.execute(insert(uploads), row)


def read_upload(tx: Transaction, owner: UserId, upload: UploadId) -> SeedUpload:
    """See SeedsStore."""
    asked = select(uploads).where(uploads.c.id == upload, uploads.c.owner == owner)
    row = tx.connection.execute(asked.where(uploads.c.expires_at >= encode_time(tx.now))).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no upload {upload}, or it has expired.")
    return _decode(row)


def end_upload(tx: Transaction, upload: UploadId) -> None:
    """See SeedsStore."""
    tx.connection.execute(delete(uploads).where(uploads.c.id == upload))


def list_expired_uploads(tx: Transaction, before: datetime, limit: int) -> Sequence[SeedUpload]:
    """See SeedsStore."""
    expired = select(uploads).where(uploads.c.expires_at < encode_time(before)).order_by(uploads.c.expires_at)
    return [_decode(row) for row in tx.connection.execute(expired.limit(limit)).mappings()]


def _decode(row: RowMapping) -> SeedUpload:
    return SeedUpload(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        blob=row["blob"],
        expires_at=decode_time(row["expires_at"]),
    )
