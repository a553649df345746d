"""Secrets made, each with the row that is kept of it."""

from dataclasses import dataclass, field

from gristmill.accounts.ports import AccountPorts
from gristmill.domain.ids import UserId
from gristmill.domain.token import (
    LIFETIMES,
    PREFIXES,
    SECRET_BYTES,
    Session,
    Token,
    TokenKind,
    TokenPair,
    TokenRows,
    digest_of,
    spell_secret,
)

ID_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token as it is handed out, and its row."""

    secret: str = field(repr=False)
    row: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPair:
    """A pair as it is handed out, and its rows."""

    pair: TokenPair
    rows: TokenRows


def new_id(ports: AccountPorts) -> str:
    """An id that nobody can guess."""
    return ports.entropy(ID_BYTES).hex()


def issue_token(kind: TokenKind, user: UserId, ports: AccountPorts, *, session: str | None = None) -> Issued:
    """A new token of a user."""
    secret = spell_secret(PREFIXES[kind], ports.entropy(SECRET_BYTES))
    expires_at = ports.clock.now() + LIFETIMES[kind]
    row = Token(digest=digest_of(secret), kind=kind, user=user, session=session, expires_at=expires_at)
    return Issued(secret=secret, row=row)


def issue_pair(user: UserId, session: str, ports: AccountPorts) -> IssuedPair:
    """A new access and refresh token of a session."""
    access = issue_token("access", user, ports, session=session)
    refresh = issue_token("refresh", user, ports, session=session)
    seconds = int(LIFETIMES["access"].total_seconds())
    pair = TokenPair(access=access.secret, refresh=refresh.secret, expires_in=seconds)
    return IssuedPair(pair=pair, rows=TokenRows(access=access.row, refresh=refresh.row))


def new_session(user: UserId, ports: AccountPorts) -> Session:
    """A login that begins now."""
    return Session(id=new_id(ports), user=user, expires_at=ports.clock.now() + LIFETIMES["refresh"])
