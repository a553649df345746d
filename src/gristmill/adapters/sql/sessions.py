"""Rows of logins, their tokens, and links that were mailed."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import bindparam, delete, insert, select, update

from gristmill.adapters.sql.account_rows import decode_session, decode_token, encode_token
from gristmill.adapters.sql.audit import add_entry
from gristmill.adapters.sql.rows import encode_time
from gristmill.adapters.sql.tables import sessions, tokens
from gristmill.adapters.sql.transaction import Transaction
from gristmill.adapters.sql.users import find_user
from gristmill.domain.audit import AuditEntry
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.token import AccessGrant, Reused, Session, Token, TokenKind, TokenRows

# Read on every request: made once.
_TOKEN = select(tokens).where(tokens.c.digest == bindparam("of"))
_SESSION = select(sessions).where(sessions.c.id == bindparam("of"))


def open_session(tx: Transaction, session: Session, kept: Iterable[Token], entry: AuditEntry) -> None:
    """See SessionStore."""
    values = {
        "id": session.id,
        "user": session.user,
        "created_at": encode_time(tx.now),
        "expires_at": encode_time(session.expires_at),
    }
    tx.connection.execute(insert(sessions), values)
    _add_tokens(tx, kept)
    add_entry(tx, entry)


def read_access(tx: Transaction, digest: Digest) -> AccessGrant | None:
    """See SessionStore."""
    token = find_token(tx, digest)
    if token is None or token.session is None:
        return None
    session, user = _find_session(tx, token.session), find_user(tx, token.user)
    return None if session is None or user is None else AccessGrant(token=token, session=session, user=user)


def rotate_session(tx: Transaction, digest: Digest, kept: TokenRows, entry: AuditEntry) -> Session | Reused | None:
    """See SessionStore."""
    grant = read_access(tx, digest)
    if grant is None or grant.token.kind != "refresh" or not grant.session.is_live(tx.now):
        return None
    if grant.token.used_at is not None:
        close_session(tx, grant.session.id, replace(entry, user=grant.user.id, subject=grant.session.id))
        return Reused(session=grant.session)
    if not grant.token.is_live(tx.now) or not grant.user.is_admitted:
        return None
    return _rotate(tx, grant, kept)


def _rotate(tx: Transaction, grant: AccessGrant, kept: TokenRows) -> Session:
    use_token(tx, grant.token.digest)
    session = replace(grant.session, expires_at=kept.refresh.expires_at)
    _add_tokens(tx, [_of(session, token) for token in kept])
    renewed = update(sessions).where(sessions.c.id == session.id)
    tx.connection.execute(renewed.values(expires_at=encode_time(session.expires_at)))
    return session


def _of(session: Session, token: Token) -> Token:
    return replace(token, user=session.user, session=session.id)


def close_session(tx: Transaction, session: str, entry: AuditEntry) -> None:
    """See SessionStore."""
    standing = update(sessions).where(sessions.c.id == session, sessions.c.revoked_at.is_(None))
    if tx.connection.execute(standing.values(revoked_at=encode_time(tx.now))).rowcount:
        add_entry(tx, entry)


def revoke_sessions(tx: Transaction, user: UserId, keep: str | None = None) -> None:
    """Revoke every login of a user but one."""
    standing = update(sessions).where(sessions.c.user == user, sessions.c.revoked_at.is_(None))
    if keep is not None:
        standing = standing.where(sessions.c.id != keep)
    tx.connection.execute(standing.values(revoked_at=encode_time(tx.now)))


def find_token(tx: Transaction, digest: Digest) -> Token | None:
    """The token with this digest, whatever became of it."""
    row = tx.connection.execute(_TOKEN, {"of": digest}).mappings().one_or_none()
    return None if row is None else decode_token(row)


def add_link(tx: Transaction, link: Token) -> None:
    """See UserStore."""
    same = (tokens.c.user == link.user) & (tokens.c.kind == link.kind)
    tx.connection.execute(delete(tokens).where(same))
    tx.connection.execute(insert(tokens), encode_token(link, tx.now))


def use_link(tx: Transaction, digest: Digest, kind: TokenKind) -> Token | None:
    """Use up a live link of this kind; None when there is no such."""
    link = find_token(tx, digest)
    if link is None or link.kind != kind or not link.is_live(tx.now):
        return None
    use_token(tx, digest)
    return link


def use_token(tx: Transaction, digest: Digest) -> None:
    """Note that a token was used."""
    tx.connection.execute(update(tokens).where(tokens.c.digest == digest).values(used_at=encode_time(tx.now)))


def _add_tokens(tx: Transaction, kept: Iterable[Token]) -> None:
    tx.connection.execute(insert(tokens), [encode_token(one, tx.now) for one in kept])


def _find_session(tx: Transaction, session: str) -> Session | None:
    row = tx.connection.execute(_SESSION, {"of": session}).mappings().one_or_none()
    return None if row is None else decode_session(row)
