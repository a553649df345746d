"""Rows of users: read, listed and changed."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, func, or_, select, update

from gristmill.adapters.sql.account_rows import decode_models, decode_user, encode_models
from gristmill.adapters.sql.audit import add_entry
from gristmill.adapters.sql.rows import Columns, encode_time
from gristmill.adapters.sql.tables import users
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.account import Account, User
from gristmill.domain.audit import AuditEntry
from gristmill.domain.ids import UserId
from gristmill.domain.user_models import UserModels
from gristmill.errors import NotFoundError

# Read on every request: made once.
_READ = select(users).where(users.c.id == bindparam("of"))
_ADMITTED = and_(users.c.verified_at.is_not(None), users.c.disabled_at.is_(None))


def find_user(tx: Transaction, user: UserId) -> User | None:
    """The user, or None."""
    row = tx.connection.execute(_READ, {"of": user}).mappings().one_or_none()
    return None if row is None else decode_user(row)


def read_user(tx: Transaction, user: UserId) -> User:
    """See UserStore."""
    found = find_user(tx, user)
    if found is None:
        raise NotFoundError(f"There is no user {user}.")
    return found


def find_account(tx: Transaction, email: str) -> Account | None:
    """See UserStore."""
    row = tx.connection.execute(select(users).where(users.c.email == email)).mappings().one_or_none()
    return None if row is None else Account(user=decode_user(row), password=row["password"])


def has_users(tx: Transaction) -> bool:
    """See UserStore."""
    verified = select(users.c.id).where(users.c.verified_at.is_not(None)).limit(1)
    return tx.connection.execute(verified).first() is not None


def list_users(tx: Transaction, text: str, limit: int, after: UserId | None) -> Sequence[User]:
    """See UserStore."""
    asked = select(users).order_by(users.c.created_at, users.c.id).limit(limit)
    if text:
        asked = asked.where(users.c.email.contains(text, autoescape=True))
    if after is not None:
        place = encode_time(read_user(tx, after).created_at)
        later = and_(users.c.created_at == place, users.c.id > after)
        asked = asked.where(or_(users.c.created_at > place, later))
    return [decode_user(row) for row in tx.connection.execute(asked).mappings()]


def write_user(tx: Transaction, user: UserId, columns: Columns) -> None:
    """Set some columns of a user's row. Raises NotFoundError."""
    if not tx.connection.execute(update(users).where(users.c.id == user).values(columns)).rowcount:
        raise NotFoundError(f"There is no user {user}.")


def is_last_admin(tx: Transaction, user: User) -> bool:
    """Whether without this user no admin could enter."""
    others = select(func.count()).where(users.c.role == "admin", _ADMITTED, users.c.id != user.id)
    is_admin = user.role == "admin" and user.is_admitted
    return is_admin and tx.connection.execute(others).scalar_one() == 0


def read_models(tx: Transaction, user: UserId) -> UserModels:
    """See UserStore."""
    text = tx.connection.execute(select(users.c.models).where(users.c.id == user)).scalar_one_or_none()
    return UserModels() if text is None else decode_models(text)


def write_models(tx: Transaction, user: UserId, models: UserModels, entry: AuditEntry) -> None:
    """See UserStore."""
    write_user(tx, user, {"models": encode_models(models)})
    add_entry(tx, entry)
