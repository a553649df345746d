"""Who asks, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gristmill.domain.ids import LOCAL, UserId
from gristmill.domain.money import NanoUsd

Role = Literal["user", "admin"]

# What a key may do: look; order, change and spend; and, for an admin's key, see to other users.
Scope = Literal["read", "write", "admin"]

SCOPES: Mapping[Role, frozenset[Scope]] = {
    "user": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a credential stands for. `session` is set when it is a login's, `key` when it is an API key's."""

    user: UserId
    role: Role = "user"
    scopes: frozenset[Scope] = frozenset({"read", "write"})
    session: str | None = None
    key: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether other users' accounts may be seen to."""
        return self.role == "admin" and "admin" in self.scopes

    def may(self, scope: Scope) -> bool:
        """Whether something that needs this scope is allowed; `admin` needs the role besides."""
        return self.is_admin if scope == "admin" else scope in self.scopes


# The one person there is where no account is asked for.
SOLE = Principal(user=LOCAL, role="admin", scopes=frozenset({"read", "write", "admin"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLimits:
    """The most all jobs of a user may cost, and how many of them may run at once; None is no limit."""

    budget: NanoUsd | None = None
    running: int | None = None


NO_LIMITS = UserLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account. Nothing secret stands here."""

    id: UserId
    email: str
    role: Role
    created_at: datetime
    verified_at: datetime | None = None
    disabled_at: datetime | None = None
    limits: UserLimits = NO_LIMITS

    @property
    def is_admitted(self) -> bool:
        """Whether a credential of this user opens anything."""
        return self.verified_at is not None and self.disabled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody who signs up: `password` is a hash. Role and time are the store's to give."""

    id: UserId
    email: str
    password: str = field(repr=False)
    limits: UserLimits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with the hash of their password."""

    user: User
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a sign-up came to: a new user, or, with `is_new` false, one who was here already and is unchanged."""

    user: User
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What an admin changes of a user; None leaves as it is."""

    role: Role | None = None
    limits: UserLimits | None = None
    is_disabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A credential for programs. `ending` is its last letters, by which people know it again."""

    id: str
    user: UserId
    name: str
    ending: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether the key opens anything at `now`; at the very instant of expiry it no longer does."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
