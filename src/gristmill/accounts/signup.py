"""How somebody comes to have an account. What is answered never tells whether an address is known."""

from gristmill.accounts.issue import issue_token, new_id
from gristmill.accounts.letters import known_letter, verify_letter
from gristmill.accounts.ports import AccountPorts
from gristmill.accounts.throttling import count_signup
from gristmill.domain.account import NewUser, User
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.credentials import new_password, normal_email
from gristmill.domain.ids import UserId
from gristmill.domain.token import digest_of
from gristmill.errors import BadInputError, ForbiddenError


async def sign_up(email: str, password: str, origin: Origin, ports: AccountPorts) -> None:
    """Keep a user who is not yet verified and mail the link; an address with an account is mailed that it has one.

    Both take the same work and give the same answer: none. Raises BadInputError for an address or password that is
    none, ThrottledError, and ForbiddenError where nobody may sign up.
    """
    address = normal_email(email)
    chosen = new_password(password, address)
    await _refuse_when_closed(ports)
    await count_signup(address, origin.address, ports)
    new = NewUser(
        id=UserId(new_id(ports)),
        email=address,
        password=await ports.passwords.hash(chosen),
        limits=ports.rules.limits,
    )
    link = issue_token("verify", new.id, ports)
    admission = await ports.store.add_user(new, link.row, AuditEntry(action="user.signed_up", origin=origin))
    url = ports.rules.public_url
    ports.mailer.post(verify_letter(address, link.secret, url) if admission.is_new else known_letter(address, url))


async def verify(token: str, origin: Origin, ports: AccountPorts) -> User:
    """Use up the link that was mailed. The first user of a store becomes its admin. Raises BadInputError."""
    user = await ports.store.verify_user(digest_of(token), AuditEntry(action="user.verified", origin=origin))
    if user is None:
        raise BadInputError("The link is used up, has expired or never was one: sign up again for a new one.")
    return user


async def _refuse_when_closed(ports: AccountPorts) -> None:
    if ports.rules.auth == "none":
        raise ForbiddenError("This server has no accounts.")
    if not ports.rules.is_signup_open and await ports.store.has_users():
        raise ForbiddenError("Nobody may sign up here: ask the server's owner.")
