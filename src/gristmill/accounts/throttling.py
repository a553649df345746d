"""Tries counted over all servers, under keys that give no address away."""

import hashlib
import math
from collections.abc import Mapping

from gristmill.accounts.ports import AccountPorts
from gristmill.domain.throttle import (
    LOGIN_BY_ADDRESS,
    LOGIN_BY_EMAIL,
    MAIL_BY_ADDRESS,
    MAIL_BY_EMAIL,
    SIGNUP_BY_ADDRESS,
    Throttle,
    network_of,
)
from gristmill.errors import ThrottledError


async def count_login(email: str, address: str, ports: AccountPorts) -> None:
    """Count a login before it is looked at, known address or not: tries at once cannot pass the count."""
    await _count({_key("login", email): LOGIN_BY_EMAIL, **_by_address("login", address, LOGIN_BY_ADDRESS)}, ports)


async def forgive_login(email: str, address: str, ports: AccountPorts) -> None:
    """A login that succeeded: its e-mail starts anew, and its address gets this try back."""
    await ports.store.forgive_tries(all_of=_key("login", email), one_of=_key("login", network_of(address)))


async def forgive_email(email: str, ports: AccountPorts) -> None:
    """Who proved to read the mailbox starts anew."""
    await ports.store.forgive_tries(all_of=_key("login", email), one_of="")


async def count_signup(email: str, address: str, ports: AccountPorts) -> None:
    """Count a sign-up, and the mail it sends."""
    await _count({_key("mail", email): MAIL_BY_EMAIL, **_by_address("signup", address, SIGNUP_BY_ADDRESS)}, ports)


async def count_reset(email: str, address: str, ports: AccountPorts) -> None:
    """Count a request for a mail."""
    await _count({_key("mail", email): MAIL_BY_EMAIL, **_by_address("reset", address, MAIL_BY_ADDRESS)}, ports)


async def may_mail(email: str, ports: AccountPorts) -> bool:
    """Count a mail that nobody asked for by name, and say whether it may be sent."""
    return await ports.store.count_tries({_key("mail", email): MAIL_BY_EMAIL}) <= 0


async def _count(rules: Mapping[str, Throttle], ports: AccountPorts) -> None:
    wait = await ports.store.count_tries(rules)
    if wait > 0:
        seconds = math.ceil(wait)
        raise ThrottledError(f"That was tried too often: try again in {seconds} s.", retry_after=seconds)


def _by_address(what: str, address: str, rule: Throttle) -> Mapping[str, Throttle]:
    # Nobody knows who sends over a socket of the machine itself.
    return {_key(what, network_of(address)): rule} if address else {}


def _key(what: str, of: str) -> str:
    return f"{what}:{hashlib.sha256(of.encode()).hexdigest()}"
