"""People with accounts over a real store: cheap hashes that count themselves, and mail that is kept to be read."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from gristmill.accounts.authenticate import authenticate
from gristmill.accounts.login import log_in
from gristmill.accounts.ports import AccountPorts, AccountRules
from gristmill.accounts.signup import sign_up, verify
from gristmill.adapters.passwords import Argon2Cost, Argon2Passwords
from gristmill.adapters.sealing import FernetSealer
from gristmill.adapters.sql import SqlStore
from gristmill.domain.account import Principal
from gristmill.domain.audit import Origin
from gristmill.domain.token import TokenPair
from gristmill.ports.mailer import Mail
from support.stores import SqliteFile, TurnedClock

CHEAP = Argon2Cost(passes=1, memory_kib=8, lanes=1)
ADA, EVE = "ada@example.org", "eve@example.org"
PASSWORD = "correct horse battery"
HERE = Origin(address="192.0.2.1", request="request-1")


@dataclass(slots=True)
class Pigeonhole:
    """A mailer whose mail is read by the test."""

    mails: list[Mail] = field(default_factory=list)

    def post(self, mail: Mail) -> None:
        self.mails.append(mail)

    def token(self) -> str:
        """The token in the link of the last mail."""
        found = re.search(r"token=(\S+)", self.mails[-1].text)
        assert found is not None
        return found[1]


class CountedPasswords(Argon2Passwords):
    """Real hashes that say how many were made and verified."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.work: Counter[str] = Counter()

    async def hash(self, password: str) -> str:
        self.work["hash"] += 1
        return await super().hash(password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        self.work["verify"] += 1
        return await super().verify(password, hashed)


@dataclass(slots=True)
class SteadyClock(TurnedClock):
    """A turned clock that satisfies the port."""

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass(slots=True)
class People:
    """The use cases' ports, and what stands behind them."""

    ports: AccountPorts
    store: SqlStore
    clock: SteadyClock
    mails: Pigeonhole
    passwords: CountedPasswords

    def ruled(self, change: Callable[[AccountRules], AccountRules]) -> AccountPorts:
        """The same ports under other rules."""
        return replace(self.ports, rules=change(self.ports.rules))

    async def join(self, email: str = ADA, password: str = PASSWORD) -> TokenPair:
        """Sign up, verify and log in."""
        await sign_up(email, password, HERE, self.ports)
        await verify(self.mails.token(), HERE, self.ports)
        return await log_in(email, password, HERE, self.ports)

    async def who(self, pair: TokenPair) -> Principal:
        return await authenticate(pair.access, self.ports)

    async def enter(self, email: str = ADA) -> Principal:
        """Somebody new, logged in."""
        return await self.who(await self.join(email))


@asynccontextmanager
async def open_people(folder: Path) -> AsyncIterator[People]:
    """A town without inhabitants."""
    clock, mails, passwords, numbers = SteadyClock(), Pigeonhole(), CountedPasswords(), count(1)
    store = await asyncio.to_thread(SqliteFile(folder / "store.db").open, clock)
    assert isinstance(store, SqlStore)
    ports = AccountPorts(
        store=store,
        mailer=mails,
        passwords=passwords,
        sealer=FernetSealer.of("a secret of this test, and of no other"),
        clock=clock,
        entropy=lambda size: next(numbers).to_bytes(size, "big"),
        rules=AccountRules(public_url="http://127.0.0.1:8000/"),
    )
    try:
        yield People(ports=ports, store=store, clock=clock, mails=mails, passwords=passwords)
    finally:
        passwords.close()
        await store.close()
