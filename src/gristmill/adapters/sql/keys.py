"""Rows of API keys, and the tidying of everything that lets people in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from gristmill.adapters.sql.account_rows import decode_key, encode_key
from gristmill.adapters.sql.audit import add_entry
from gristmill.adapters.sql.rows import encode_time
from gristmill.adapters.sql.tables import api_keys, sessions, throttles, tokens
from gristmill.adapters.sql.transaction import Transaction
from gristmill.adapters.sql.users import find_user
from gristmill.domain.account import ApiKey
from gristmill.domain.audit import AuditEntry
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.throttle import FORGOTTEN_SECONDS
from gristmill.domain.token import KeyGrant
from gristmill.errors import LimitReachedError, NotFoundError

MOST_KEYS = 100
# Read on every request: made once.
_READ = select(api_keys).where(api_keys.c.digest == bindparam("of"))


def add_key(tx: Transaction, key: ApiKey, digest: Digest, entry: AuditEntry) -> None:
    """See KeyStore."""
    unexpired = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > encode_time(tx.now))
    live = and_(api_keys.c.user == key.user, api_keys.c.revoked_at.is_(None), unexpired)
    if tx.connection.execute(select(func.count()).where(live)).scalar_one() >= MOST_KEYS:
        raise LimitReachedError(f"You have {MOST_KEYS} keys: revoke one first.")
    tx.connection.execute(insert(api_keys), encode_key(key, digest))
    add_entry(tx, entry)


def list_keys(tx: Transaction, user: UserId) -> Sequence[ApiKey]:
    """See KeyStore."""
    newest = select(api_keys).where(api_keys.c.user == user).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
    return [decode_key(row) for row in tx.connection.execute(newest).mappings()]


def revoke_key(tx: Transaction, user: UserId, key: str, entry: AuditEntry) -> None:
    """See KeyStore."""
    own = (api_keys.c.id == key) & (api_keys.c.user == user)
    if tx.connection.execute(select(api_keys.c.id).where(own)).first() is None:
        raise NotFoundError(f"There is no key {key}.")
    standing = update(api_keys).where(own, api_keys.c.revoked_at.is_(None))
    if tx.connection.execute(standing.values(revoked_at=encode_time(tx.now))).rowcount:
        add_entry(tx, entry)


def read_key(tx: Transaction, digest: Digest) -> KeyGrant | None:
    """See KeyStore."""
    row = tx.connection.execute(_READ, {"of": digest}).mappings().one_or_none()
    user = None if row is None else find_user(tx, row["user"])
    return None if row is None or user is None else KeyGrant(key=decode_key(row), user=user)


def note_key_use(tx: Transaction, key: str, at: datetime) -> None:
    """See KeyStore."""
    used = encode_time(at)
    earlier = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < used)
    tx.connection.execute(update(api_keys).where(api_keys.c.id == key, earlier).values(last_used_at=used))


def tidy_accounts(tx: Transaction) -> None:
    """See AccountStore."""
    # A day late: a refresh token that just expired may still come again, and is then told apart from a forged one.
    old = encode_time(tx.now - timedelta(seconds=FORGOTTEN_SECONDS))
    tx.connection.execute(delete(tokens).where(tokens.c.expires_at < old))
    tx.connection.execute(delete(sessions).where(sessions.c.expires_at < old))
    tx.connection.execute(delete(throttles).where(throttles.c.last_at < old))
