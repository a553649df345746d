"""Logins: opened, kept going and ended."""

from gristmill.accounts.authenticate import require_login
from gristmill.accounts.issue import issue_pair, issue_token, new_session
from gristmill.accounts.letters import verify_letter
from gristmill.accounts.ports import AccountPorts
from gristmill.accounts.throttling import count_login, forgive_login, may_mail
from gristmill.domain.account import Account, Principal, User
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.credentials import normal_email, normal_password
from gristmill.domain.ids import UserId
from gristmill.domain.token import Reused, Session, TokenPair, digest_of
from gristmill.errors import ForbiddenError, UnauthenticatedError

_WRONG = "The e-mail address or the password is wrong."
# Nobody's: a pair is issued before its session is known, and the store puts it on the right one.
_NOBODY = UserId("")


async def log_in(email: str, password: str, origin: Origin, ports: AccountPorts) -> TokenPair:
    """Open a session.

    Raises UnauthenticatedError, the same and after the same work for an unknown address and a wrong password, and
    ThrottledError likewise. Only who has the password learns that an account is not verified yet (a new link is then
    mailed) or disabled: ForbiddenError.
    """
    session = await _admit(email, password, origin, ports)
    issued = issue_pair(session.user, session.id, ports)
    await ports.store.open_session(session, issued.rows, _opened(session, origin))
    return issued.pair


async def log_in_browser(email: str, password: str, origin: Origin, ports: AccountPorts) -> str:
    """Open a session for a browser: the secret of its cookie, good until the session ends. Raises like `log_in`."""
    session = await _admit(email, password, origin, ports)
    issued = issue_token("cookie", session.user, ports, session=session.id)
    await ports.store.open_session(session, [issued.row], _opened(session, origin))
    return issued.secret


async def refresh(token: str, origin: Origin, ports: AccountPorts) -> TokenPair:
    """A new pair for a refresh token, which is used up by it. Raises UnauthenticatedError.

    A token that comes a second time was stolen, from whoever came first or second: the session ends for both. There is
    no grace for an answer that was lost, for a thief can lose answers too; who lost it logs in again.
    """
    issued = issue_pair(_NOBODY, "", ports)
    entry = AuditEntry(action="session.reused", origin=origin)
    session = await ports.store.rotate_session(digest_of(token), issued.rows, entry)
    if session is None or isinstance(session, Reused):
        raise UnauthenticatedError("Log in again: the refresh token is wrong, used, expired or revoked.")
    return issued.pair


async def log_out(principal: Principal, origin: Origin, ports: AccountPorts) -> None:
    """End the session. Raises ForbiddenError for an API key, which is revoked instead."""
    session = require_login(principal)
    entry = AuditEntry(action="session.closed", user=principal.user, subject=session, origin=origin)
    await ports.store.close_session(session, entry)


async def check_password(address: str, password: str, origin: Origin, ports: AccountPorts) -> Account:
    """The account behind an address in normal form, if the password is its own.

    Always one count, one look and one hash, whether or not there is an account. Raises UnauthenticatedError and
    ThrottledError.
    """
    given = normal_password(password)
    await count_login(address, origin.address, ports)
    account = await ports.store.find_account(address)
    is_right = await ports.passwords.verify(given, None if account is None else account.password)
    if account is None or not is_right:
        subject = "" if account is None else account.user.id
        await ports.store.add_entry(AuditEntry(action="login.refused", subject=subject, origin=origin))
        raise UnauthenticatedError(_WRONG)
    return account


async def _admit(email: str, password: str, origin: Origin, ports: AccountPorts) -> Session:
    address = normal_email(email)
    account = await check_password(address, password, origin, ports)
    await forgive_login(address, origin.address, ports)
    await _refuse_barred(account.user, ports)
    return new_session(account.user.id, ports)


def _opened(session: Session, origin: Origin) -> AuditEntry:
    return AuditEntry(action="session.opened", user=session.user, subject=session.id, origin=origin)


async def _refuse_barred(user: User, ports: AccountPorts) -> None:
    if user.disabled_at is not None:
        raise ForbiddenError("Your account is disabled: ask an admin.")
    if user.verified_at is not None:
        return
    if await may_mail(user.email, ports):
        link = issue_token("verify", user.id, ports)
        await ports.store.add_link(link.row)
        ports.mailer.post(verify_letter(user.email, link.secret, ports.rules.public_url))
    raise ForbiddenError("Confirm your e-mail address first: open the link that was mailed to you.")
