"""API keys: made, listed and revoked. A key is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.accounts.authenticate import require_login
from gristmill.accounts.issue import new_id
from gristmill.accounts.ports import AccountPorts
from gristmill.domain.account import ApiKey, Principal, Scope
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.credentials import plain_label
from gristmill.domain.token import KEY_PREFIX, SECRET_BYTES, digest_of, spell_secret
from gristmill.errors import BadInputError, ForbiddenError

ENDING_LETTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A key somebody wants: a name to know it by, what it may do, and until when, if not for good."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key that was just made, with the secret that nobody is shown again."""

    key: ApiKey
    secret: str = field(repr=False)


async def make_key(principal: Principal, wanted: KeyRequest, origin: Origin, ports: AccountPorts) -> MadeKey:
    """Make a key that may no more than who makes it.

    Raises BadInputError, ForbiddenError for a scope the user lacks and for a key that would make another, and
    LimitReachedError when there are too many.
    """
    require_login(principal)
    _check(wanted, principal, ports.clock.now())
    secret = spell_secret(KEY_PREFIX, ports.entropy(SECRET_BYTES))
    key = ApiKey(
        id=new_id(ports),
        user=principal.user,
        name=plain_label(wanted.name, "A key's name"),
        ending=secret[-ENDING_LETTERS:],
        scopes=wanted.scopes,
        created_at=ports.clock.now(),
        expires_at=wanted.expires_at,
    )
    fields = {"scopes": sorted(key.scopes)}
    entry = AuditEntry(action="key.made", user=key.user, subject=key.id, origin=origin, fields=fields)
    await ports.store.add_key(key, digest_of(secret), entry)
    return MadeKey(key=key, secret=secret)


async def list_keys(principal: Principal, ports: AccountPorts) -> Sequence[ApiKey]:
    """The user's keys, revoked ones too, newest first."""
    return await ports.store.list_keys(principal.user)


async def revoke_key(principal: Principal, key: str, origin: Origin, ports: AccountPorts) -> None:
    """Revoke a key of one's own; it opens nothing from this moment on.

    A key may revoke itself and nothing else. Raises NotFoundError and ForbiddenError.
    """
    if principal.key != key:
        require_login(principal)
    entry = AuditEntry(action="key.revoked", user=principal.user, subject=key, origin=origin)
    await ports.store.revoke_key(principal.user, key, entry)


def _check(wanted: KeyRequest, principal: Principal, now: datetime) -> None:
    if not wanted.scopes:
        raise BadInputError("A key needs at least one scope: read, write or admin.")
    if wanted.scopes - principal.scopes:
        raise ForbiddenError("A key cannot do more than you may.")
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise BadInputError("The key would have expired already.")
