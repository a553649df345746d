"""Where users stand, with all that lets them in. Each verb is atomic: it happens whole, or not at all.

A verb that changes something takes the audit entry that tells of it and writes it in the same transaction; where
nothing changes nothing is written, unless the verb says otherwise. Any verb may raise StoreBusyError and
StorageFullError, as those of JobStore. Times are judged by the store's clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gristmill.domain.account import Account, Admission, ApiKey, NewUser, User, UserChange
from gristmill.domain.audit import AuditEntry, AuditFilter, AuditLine
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.throttle import Throttle
from gristmill.domain.token import AccessGrant, KeyGrant, Reused, Session, Token, TokenRows
from gristmill.domain.user_models import UserModels


class UserStore(Protocol):
    """People: signed up, verified, changed and gone."""

    async def add_user(self, new: NewUser, link: Token, entry: AuditEntry) -> Admission:
        """Keep somebody who signs up, not yet verified, with the link that will verify them.

        Of two with one address the later sign-up counts, and only its link, until one is verified: then nobody takes
        the address again, and nothing changes. The entry is written either way.
        """
        ...

    async def has_users(self) -> bool:
        """Whether anybody has verified their address yet."""
        ...

    async def verify_user(self, link: Digest, entry: AuditEntry) -> User | None:
        """Use up a live `verify` link. None: there is no such.

        The first ever to verify becomes an admin: one, whatever races.
        """
        ...

    async def add_link(self, link: Token) -> None:
        """Keep a link that was mailed; earlier ones of its kind and user are gone. The user need not exist."""
        ...

    async def reset_password(self, link: Digest, password: str, entry: AuditEntry) -> User | None:
        """Use up a live `reset` link: set the password's hash and revoke every session. None: no such link.

        Who reads the mailbox has verified it.
        """
        ...

    async def change_password(self, user: UserId, password: str, keep: str | None, entry: AuditEntry) -> None:
        """Set the password's hash and revoke every session but `keep`. Raises NotFoundError."""
        ...

    async def find_account(self, email: str) -> Account | None:
        """The user with this address, and the hash of their password."""
        ...

    async def read_user(self, user: UserId) -> User:
        """The user. Raises NotFoundError."""
        ...

    async def list_users(self, *, text: str = "", limit: int = 50, after: UserId | None = None) -> Sequence[User]:
        """Users whose address holds the text, the earliest first, after the named one. Raises NotFoundError."""
        ...

    async def change_user(self, user: UserId, change: UserChange, entry: AuditEntry) -> User:
        """Change role, limits or whether they may enter; disabling revokes every session.

        Raises NotFoundError, and WrongStateError when no admin would be left who can enter.
        """
        ...

    async def delete_user(self, user: UserId, entry: AuditEntry) -> None:
        """Forget a user: address, password, sessions, keys, models, seed sets and templates that are not public.

        Their jobs are hidden; what they cost, public templates and the audit log stay, under an id that no longer
        leads to a person. Raises NotFoundError, and WrongStateError for the last admin who can enter and while a
        job of theirs has not ended.
        """
        ...

    async def read_models(self, user: UserId) -> UserModels:
        """What the user says of models; nothing for somebody who has no account."""
        ...

    async def write_models(self, user: UserId, models: UserModels, entry: AuditEntry) -> None:
        """Replace it. Raises NotFoundError."""
        ...


class SessionStore(Protocol):
    """Logins."""

    async def open_session(self, session: Session, tokens: Iterable[Token], entry: AuditEntry) -> None:
        """Keep a login with its first pair of tokens."""
        ...

    async def read_access(self, token: Digest) -> AccessGrant | None:
        """All that an access token's standing depends on, in one read; None for a token nobody was given."""
        ...

    async def rotate_session(self, refresh: Digest, tokens: TokenRows, entry: AuditEntry) -> Session | Reused | None:
        """Use up a live refresh token for a new pair, whose session and user are made the old one's.

        Of two at once one wins. A token that was used before revokes its session for good, and writes the entry. None,
        and nothing changed, for one that is unknown, expired, of a revoked session, or whose user may not enter.
        """
        ...

    async def close_session(self, session: str, entry: AuditEntry) -> None:
        """Revoke a login; one that is revoked, or unknown, stays as it is."""
        ...


class KeyStore(Protocol):
    """API keys."""

    async def add_key(self, key: ApiKey, digest: Digest, entry: AuditEntry) -> None:
        """Keep a key. Raises LimitReachedError when the user has as many live ones as there may be."""
        ...

    async def list_keys(self, user: UserId) -> Sequence[ApiKey]:
        """A user's keys, revoked ones too, newest first."""
        ...

    async def revoke_key(self, user: UserId, key: str, entry: AuditEntry) -> None:
        """Revoke a key; again: nothing. Raises NotFoundError, also for another user's."""
        ...

    async def read_key(self, digest: Digest) -> KeyGrant | None:
        """All that a key's standing depends on, in one read; None for a key nobody was given."""
        ...

    async def note_key_use(self, key: str, at: datetime) -> None:
        """Note the latest use; an earlier one changes nothing."""
        ...


class ThrottleStore(Protocol):
    """Counts of tries, one for all servers of the store."""

    async def count_tries(self, rules: Mapping[str, Throttle]) -> float:
        """Count one try under every key and return 0, or count none and return the seconds to wait."""
        ...

    async def forgive_tries(self, *, all_of: str, one_of: str) -> None:
        """Forget every try under one key, and one under another."""
        ...


class AuditStore(Protocol):
    """The log of who did what."""

    async def add_entry(self, entry: AuditEntry) -> None:
        """Write an entry that tells no change here."""
        ...

    async def list_entries(self, which: AuditFilter, *, limit: int = 50) -> Sequence[AuditLine]:
        """The latest lines that pass, newest first."""
        ...


class AccountStore(UserStore, SessionStore, KeyStore, ThrottleStore, AuditStore, Protocol):
    """One adapter satisfies them all."""

    async def tidy_accounts(self) -> None:
        """Drop tokens and sessions that expired a day ago, and counts that nothing looks at any more."""
        ...
