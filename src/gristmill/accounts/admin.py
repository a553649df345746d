"""What admins do: see to users, and read who did what."""

from collections.abc import Sequence

from gristmill.accounts.authenticate import require
from gristmill.accounts.ports import AccountPorts
from gristmill.domain.account import Principal, User, UserChange
from gristmill.domain.audit import AuditEntry, AuditFilter, AuditLine, Origin
from gristmill.domain.credentials import plain_query
from gristmill.domain.ids import UserId
from gristmill.domain.json import Json
from gristmill.domain.money import show_usd
from gristmill.errors import WrongStateError


async def list_users(
    principal: Principal, ports: AccountPorts, *, text: str = "", limit: int = 50, after: UserId | None = None
) -> Sequence[User]:
    """Users whose address holds the text, the earliest first. Raises ForbiddenError, NotFoundError for `after`."""
    require(principal, "admin")
    return await ports.store.list_users(text=plain_query(text).lower(), limit=limit, after=after)


async def change_user(
    principal: Principal, user: UserId, change: UserChange, origin: Origin, ports: AccountPorts
) -> User:
    """Change a user's role, limits or whether they may enter.

    Raises ForbiddenError, NotFoundError, and WrongStateError when an admin would disable themselves or none were left.
    """
    require(principal, "admin")
    if change.is_disabled and user == principal.user:
        raise WrongStateError("You cannot disable yourself: ask another admin, or delete your account.")
    fields = _fields(change)
    entry = AuditEntry(action="user.changed", user=principal.user, subject=user, origin=origin, fields=fields)
    return await ports.store.change_user(user, change, entry)


async def list_audit(
    principal: Principal, ports: AccountPorts, which: AuditFilter, *, limit: int = 50
) -> Sequence[AuditLine]:
    """The audit log, newest first; `which.before` is the sequence of the last line of the page before."""
    require(principal, "admin")
    for wanted in (which.user, which.action, which.subject):
        plain_query(wanted or "")
    return await ports.store.list_entries(which, limit=limit)


def _fields(change: UserChange) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    if change.role is not None:
        fields["role"] = change.role
    if change.is_disabled is not None:
        fields["disabled"] = change.is_disabled
    if change.limits is not None:
        budget = change.limits.budget
        fields["budget_usd"] = None if budget is None else show_usd(budget)
        fields["running_jobs"] = change.limits.running
    return fields
