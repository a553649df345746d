"""The store's verbs for users, sessions, keys, limits and the audit log."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gristmill.adapters.sql import audit, keys, sessions, user_changes, users
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.account import Account, Admission, ApiKey, NewUser, User, UserChange
from gristmill.domain.audit import AuditEntry, AuditFilter, AuditLine
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.throttle import Throttle
from gristmill.domain.token import AccessGrant, KeyGrant, Reused, Session, Token, TokenRows
from gristmill.domain.user_models import UserModels


class AccountVerbs(Connected):
    """`ports.accounts.AccountStore`; what each verb promises stands there."""

    async def add_user(self, new: NewUser, link: Token, entry: AuditEntry) -> Admission:
        return await self._write(user_changes.add_user, new, link, entry)

    async def has_users(self) -> bool:
        return await self._read(users.has_users)

    async def verify_user(self, link: Digest, entry: AuditEntry) -> User | None:
        return await self._write(user_changes.verify_user, link, entry)

    async def add_link(self, link: Token) -> None:
        await self._write(sessions.add_link, link)

    async def reset_password(self, link: Digest, password: str, entry: AuditEntry) -> User | None:
        return await self._write(user_changes.reset_password, link, password, entry)

    async def change_password(self, user: UserId, password: str, keep: str | None, entry: AuditEntry) -> None:
        await self._write(user_changes.change_password, user, password, keep, entry)

    async def find_account(self, email: str) -> Account | None:
        return await self._read(users.find_account, email)

    async def read_user(self, user: UserId) -> User:
        return await self._read(users.read_user, user)

    async def list_users(self, *, text: str = "", limit: int = 50, after: UserId | None = None) -> Sequence[User]:
        return await self._read(users.list_users, text, limit, after)

    async def change_user(self, user: UserId, change: UserChange, entry: AuditEntry) -> User:
        return await self._write(user_changes.change_user, user, change, entry)

    async def delete_user(self, user: UserId, entry: AuditEntry) -> None:
        await self._write(user_changes.delete_user, user, entry)

    async def read_models(self, user: UserId) -> UserModels:
        return await self._read(users.read_models, user)

    async def write_models(self, user: UserId, models: UserModels, entry: AuditEntry) -> None:
        await self._write(users.write_models, user, models, entry)

    async def open_session(self, session: Session, tokens: Iterable[Token], entry: AuditEntry) -> None:
        await self._write(sessions.open_session, session, tokens, entry)

    async def read_access(self, token: Digest) -> AccessGrant | None:
        return await self._read(sessions.read_access, token)

    async def rotate_session(self, refresh: Digest, tokens: TokenRows, entry: AuditEntry) -> Session | Reused | None:
        return await self._write(sessions.rotate_session, refresh, tokens, entry)

    async def close_session(self, session: str, entry: AuditEntry) -> None:
        await self._write(sessions.close_session, session, entry)

    async def add_key(self, key: ApiKey, digest: Digest, entry: AuditEntry) -> None:
        await self._write(keys.add_key, key, digest, entry)

    async def list_keys(self, user: UserId) -> Sequence[ApiKey]:
        return await self._read(keys.list_keys, user)

    async def revoke_key(self, user: UserId, key: str, entry: AuditEntry) -> None:
        await self._write(keys.revoke_key, user, key, entry)

    async def read_key(self, digest: Digest) -> KeyGrant | None:
        return await self._read(keys.read_key, digest)

    async def note_key_use(self, key: str, at: datetime) -> None:
        await self._write(keys.note_key_use, key, at)

    async def count_tries(self, rules: Mapping[str, Throttle]) -> float:
        return await self._write(audit.count_tries, rules)

    async def forgive_tries(self, *, all_of: str, one_of: str) -> None:
        await self._write(audit.forgive_tries, all_of, one_of)

    async def add_entry(self, entry: AuditEntry) -> None:
        await self._write(audit.add_entry, entry)

    async def list_entries(self, which: AuditFilter, *, limit: int = 50) -> Sequence[AuditLine]:
        return await self._read(audit.list_entries, which, limit)

    async def tidy_accounts(self) -> None:
        await self._write(keys.tidy_accounts)
