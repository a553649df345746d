"""Passwords: forgotten, set anew and changed. Each change ends every other login."""

from gristmill.accounts.authenticate import require_login
from gristmill.accounts.issue import issue_token, new_id
from gristmill.accounts.letters import reset_letter
from gristmill.accounts.login import check_password
from gristmill.accounts.ports import AccountPorts
from gristmill.accounts.throttling import count_reset, forgive_email, forgive_login
from gristmill.domain.account import Principal
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.credentials import new_password, normal_email
from gristmill.domain.ids import UserId
from gristmill.domain.token import digest_of
from gristmill.errors import BadInputError


async def forget_password(email: str, origin: Origin, ports: AccountPorts) -> None:
    """Mail a link to choose a new password, if the address has an account; nobody learns whether it has.

    An unknown address costs the same writes, for a link that nobody is sent. Raises BadInputError and ThrottledError.
    """
    address = normal_email(email)
    await count_reset(address, origin.address, ports)
    account = await ports.store.find_account(address)
    user = UserId(new_id(ports)) if account is None else account.user.id
    link = issue_token("reset", user, ports)
    await ports.store.add_link(link.row)
    if account is not None:
        ports.mailer.post(reset_letter(address, link.secret, ports.rules.public_url))


async def reset_password(token: str, password: str, origin: Origin, ports: AccountPorts) -> None:
    """Use up a link: set the password and end every session. Raises BadInputError; a refused password uses up none."""
    chosen = new_password(password, "")
    hashed = await ports.passwords.hash(chosen)
    entry = AuditEntry(action="password.reset", origin=origin)
    user = await ports.store.reset_password(digest_of(token), hashed, entry)
    if user is None:
        raise BadInputError("The link is used up, has expired or never was one: ask for a new one.")
    await forgive_email(user.email, ports)


async def change_password(
    principal: Principal, current: str, password: str, origin: Origin, ports: AccountPorts
) -> None:
    """Set a new password and end every other session.

    Raises UnauthenticatedError when `current` is wrong, counted as a login is; BadInputError; ForbiddenError for a key.
    """
    session = require_login(principal)
    email = (await ports.store.read_user(principal.user)).email
    chosen = new_password(password, email)
    await check_password(email, current, origin, ports)
    await forgive_login(email, origin.address, ports)
    hashed = await ports.passwords.hash(chosen)
    entry = AuditEntry(action="password.changed", user=principal.user, subject=principal.user, origin=origin)
    await ports.store.change_password(principal.user, hashed, session, entry)
