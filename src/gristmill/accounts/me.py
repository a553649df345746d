"""A user's own account: looked at, and ended."""

from gristmill.accounts.authenticate import require_login
from gristmill.accounts.login import check_password
from gristmill.accounts.ports import AccountPorts
from gristmill.accounts.throttling import forgive_login
from gristmill.domain.account import SOLE, Principal, User
from gristmill.domain.audit import AuditEntry, Origin


async def read_me(principal: Principal, ports: AccountPorts) -> User:
    """The user who asks; where no accounts are, the one person there is, without an address."""
    if principal.user == SOLE.user:
        return User(id=SOLE.user, email="", role=SOLE.role, created_at=ports.clock.now())
    return await ports.store.read_user(principal.user)


async def delete_account(principal: Principal, password: str, origin: Origin, ports: AccountPorts) -> None:
    """Forget the user; what their jobs cost stays, under an id that leads to nobody.

    Raises UnauthenticatedError for a wrong password, counted as a login is; WrongStateError while a job of theirs has
    not ended and for the last admin; ForbiddenError for a key.
    """
    require_login(principal)
    email = (await ports.store.read_user(principal.user)).email
    await check_password(email, password, origin, ports)
    await forgive_login(email, origin.address, ports)
    entry = AuditEntry(action="user.deleted", user=principal.user, subject=principal.user, origin=origin)
    await ports.store.delete_user(principal.user, entry)
