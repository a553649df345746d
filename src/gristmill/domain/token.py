"""Opaque tokens: what a login hands out and what a mail carries. Only digests are ever kept."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from gristmill.domain.account import SCOPES, ApiKey, Principal, User
from gristmill.domain.ids import Digest, UserId

TokenKind = Literal["access", "refresh", "cookie", "verify", "reset"]

# By its first letters a credential found in a log or a repository is known for what it is.
PREFIXES: Mapping[TokenKind, str] = {
    "access": "gma_",
    "refresh": "gmr_",
    "cookie": "gmc_",
    "verify": "gmv_",
    "reset": "gmp_",
}
# What stands for its user on every request. A browser's is its session's only token, and lives as long: tabs that ask
# at the same time could not take turns with one that is good once.
OPENING: frozenset[TokenKind] = frozenset({"access", "cookie"})
KEY_PREFIX = "gmk_"
SECRET_BYTES = 32

LIFETIMES: Mapping[TokenKind, timedelta] = {
    "access": timedelta(minutes=15),
    "refresh": timedelta(days=30),
    "cookie": timedelta(days=30),
    "verify": timedelta(days=2),
    "reset": timedelta(hours=1),
}


def spell_secret(prefix: str, random: bytes) -> str:
    """Random bytes as a credential people can paste: the prefix and base64url."""
    return prefix + base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def digest_of(secret: str) -> Digest:
    """What is kept of a token or key.

    One SHA-256 and no salt is enough: a secret of 256 random bits cannot be guessed from its digest, however fast the
    hash, and looking a digest up tells nothing by its timing about the secret behind it.
    """
    return Digest(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token's row: good for one purpose, `kind`, until it expires; single-use kinds until they are used."""

    digest: Digest
    kind: TokenKind
    user: UserId
    session: str | None = None
    expires_at: datetime
    used_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether the token is good at `now`; at the very instant of expiry it no longer is."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login, which lives as long as its refresh tokens follow one another."""

    id: str
    user: UserId
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether the login still stands at `now`."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login hands out, once: nothing here is kept. `expires_in` is the access token's, in seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRows:
    """What is kept of a pair."""

    access: Token
    refresh: Token

    def __iter__(self) -> Iterator[Token]:
        return iter((self.access, self.refresh))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A refresh token that was used before came again: its session has been revoked."""

    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """Everything an access token's standing depends on, read at one moment."""

    token: Token
    session: Session
    user: User

    def principal(self, now: datetime) -> Principal | None:
        """Who the token stands for at `now`, or nobody."""
        is_opening = self.token.kind in OPENING and self.token.is_live(now)
        if not (is_opening and self.session.is_live(now) and self.user.is_admitted):
            return None
        role = self.user.role
        return Principal(user=self.user.id, role=role, scopes=SCOPES[role], session=self.session.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGrant:
    """Everything a key's standing depends on, read at one moment."""

    key: ApiKey
    user: User

    def principal(self, now: datetime) -> Principal | None:
        """Who the key stands for at `now`, or nobody. A key never may more than its user may now."""
        if not (self.key.is_live(now) and self.user.is_admitted):
            return None
        role = self.user.role
        return Principal(user=self.user.id, role=role, scopes=self.key.scopes & SCOPES[role], key=self.key.id)

    def is_use_worth_noting(self, now: datetime) -> bool:
        """Whether the last use noted is a minute old: a busy key costs no write for each request."""
        last = self.key.last_used_at
        return last is None or now - last >= timedelta(minutes=1)
