"""Rows of requests that may be sent twice."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from gristmill.adapters.sql.rows import decode_time, encode_time
from gristmill.adapters.sql.tables import requests
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import UserId
from gristmill.errors import IdempotencyConflictError
from gristmill.ports.requests import Answered, Claim, Claimed

KEPT = timedelta(hours=24)
# No answer takes longer: whoever claimed the key is gone.
PATIENCE = timedelta(minutes=1)


def claim_request(tx: Transaction, owner: UserId, key: str, digest: str) -> Claim:
    """See RequestStore."""
    tx.connection.execute(delete(requests).where(requests.c.claimed_at < encode_time(tx.now - KEPT)))
    row = tx.connection.execute(select(requests).where(_is(owner, key))).one_or_none()
    if row is None:
        fresh = {"owner": owner, "key": key, "digest": digest, "claimed_at": encode_time(tx.now)}
        tx.connection.execute(insert(requests), fresh)
        return Claimed(since=tx.now)
    if row.digest != digest:
        raise IdempotencyConflictError(f"The idempotency key {key!r} was used for another request.")
    if row.status is not None:
        return Answered(status=row.status, answer=row.answer)
    since = decode_time(row.claimed_at)
    if tx.now - since < PATIENCE:
        raise IdempotencyConflictError(f"The request with the key {key!r} is still being answered: ask again shortly.")
    return Claimed(since=since)


def answer_request(tx: Transaction, owner: UserId, key: str, status: int, answer: str) -> None:
    """See RequestStore."""
    tx.connection.execute(update(requests).where(_is(owner, key)).values(status=status, answer=answer))


def give_up_request(tx: Transaction, owner: UserId, key: str) -> None:
    """See RequestStore."""
    tx.connection.execute(delete(requests).where(_is(owner, key), requests.c.status.is_(None)))


def _is(owner: UserId, key: str) -> ColumnElement[bool]:
    return (requests.c.owner == owner) & (requests.c.key == key)
