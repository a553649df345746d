"""Settings turned into the ports that accounts are kept through."""

import ipaddress
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gristmill.accounts.ports import AccountPorts, AccountRules, Auth
from gristmill.adapters.local import SystemClock
from gristmill.adapters.mail import ConsoleMailer, Smtp, open_smtp
from gristmill.adapters.passwords import RFC_9106_LOW_MEMORY, Argon2Cost, Argon2Passwords
from gristmill.adapters.sealing import FernetSealer
from gristmill.domain.account import UserLimits
from gristmill.domain.money import parse_usd
from gristmill.errors import BadInputError
from gristmill.ports.accounts import AccountStore
from gristmill.ports.mailer import Mailer
from gristmill.ports.sealer import Sealer
from gristmill.wiring.secret import read_secret
from gristmill.wiring.settings import Settings, SmtpSettings


@asynccontextmanager
async def open_account_ports(
    store: AccountStore, settings: Settings, *, address: str, cost: Argon2Cost = RFC_9106_LOW_MEMORY
) -> AsyncIterator[AccountPorts]:
    """What the use cases of accounts need, over a store that the caller closes.

    `address` is where the server is reached, such as http://127.0.0.1:8000, unless `public_url` is set. A cheaper
    `cost` is for tests alone. Raises BadInputError for settings that do not fit together.
    """
    passwords = Argon2Passwords(cost)
    try:
        async with open_mailer(settings.smtp) as mailer:
            yield AccountPorts(
                store=store,
                mailer=mailer,
                passwords=passwords,
                sealer=open_sealer(settings),
                clock=SystemClock(),
                entropy=secrets.token_bytes,
                rules=account_rules(settings, address),
            )
    finally:
        passwords.close()


@asynccontextmanager
async def open_mailer(smtp: SmtpSettings) -> AsyncIterator[Mailer]:
    """What sends mail: over SMTP where a host is set, else to the console. Raises BadInputError without a sender."""
    if not smtp.host:
        yield ConsoleMailer(sys.stderr)
        return
    if not smtp.sender:
        raise BadInputError("The settings of smtp name a host and no sender: set smtp.sender.")
    server = Smtp(
        host=smtp.host,
        port=smtp.port,
        sender=smtp.sender,
        user=smtp.user,
        password=smtp.password.get_secret_value(),
        tls=smtp.tls,
    )
    async with open_smtp(server) as mailer:
        yield mailer


def open_sealer(settings: Settings) -> Sealer:
    """What seals keys of models under the server's secret, which is made if there is none. Raises BadInputError."""
    return FernetSealer.of(read_secret(settings))


def account_rules(settings: Settings, address: str) -> AccountRules:
    """What the server's owner decided."""
    budget = settings.limits.budget_usd
    return AccountRules(
        auth=auth_of(settings),
        is_signup_open=settings.signup == "open",
        public_url=settings.public_url or address,
        limits=UserLimits(budget=None if budget is None else parse_usd(budget), running=settings.limits.running_jobs),
        allow_private_models=settings.allow_private_models,
    )


def auth_of(settings: Settings) -> Auth:
    """How people are known. Raises BadInputError for a way that nothing here serves."""
    match settings.auth:
        case "local:" | "local":
            return "local"
        case "none:" | "none":
            return "none"
        case _:
            raise BadInputError(f"No auth is built in for {settings.auth!r}: write local: or none:.")


def refuse_open_none(auth: Auth, host: str) -> None:
    """Raise BadInputError when everybody who reaches a server without accounts is not on this machine."""
    if auth == "none" and not is_loopback(host):
        raise BadInputError(
            f"Without accounts whoever reaches {host or 'the server'} may spend and read everything: serve on"
            " 127.0.0.1, or set auth to local:."
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
