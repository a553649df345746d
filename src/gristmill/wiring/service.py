"""What a server holds open while it runs."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gristmill.accounts.authenticate import authenticate
from gristmill.accounts.ports import AccountPorts
from gristmill.adapters.local import SystemClock
from gristmill.adapters.passwords import RFC_9106_LOW_MEMORY, Argon2Cost
from gristmill.adapters.sql import SqlStore
from gristmill.domain.account import SOLE, Principal
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import UserId
from gristmill.domain.user_models import UserModels
from gristmill.jobs.ports import BrowsePorts, JobPorts
from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.index import RecordIndex
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Renderer
from gristmill.wiring.accounts import open_account_ports
from gristmill.wiring.exporting import make_exports
from gristmill.wiring.places import Place, settings_place
from gristmill.wiring.ports import open_blobs, open_models, open_store_at, open_warm_renderer
from gristmill.wiring.records import open_record_index
from gristmill.wiring.settings import Settings
from gristmill.wiring.tidying import keep_tidy
from gristmill.wiring.user_models import aliases_for_owner, prices_for_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The open ports of one server, and what is particular to each of its users."""

    settings: Settings
    place: Place
    store: SqlStore
    blobs: Blobs
    index: RecordIndex
    renderer: Renderer
    clock: Clock
    accounts: AccountPorts

    async def authenticate(self, credential: str) -> Principal:
        """Who a credential stands for. Raises UnauthenticatedError."""
        return await authenticate(credential, self.accounts)

    async def job_ports(self, user: UserId) -> JobPorts:
        """The ports of the use cases, with the prices of the user's models."""
        return self._job_ports(await self.prices(user))

    async def prices(self, user: UserId) -> Prices:
        """What models cost the user; one that cannot be called is refused."""
        return prices_for_owner(self.settings, await self._models_of(user), self.accounts.sealer)

    async def aliases(self, user: UserId) -> Mapping[str, ModelName]:
        """What the user's aliases stand for, over the server's, over those from the start."""
        return aliases_for_owner(self.settings, await self._models_of(user))

    @property
    def browse_ports(self) -> BrowsePorts:
        """The ports that records are read through."""
        return BrowsePorts(store=self.store, blobs=self.blobs, index=self.index, clock=self.clock)

    @property
    def providers(self) -> Sequence[str]:
        """Who can be asked."""
        return open_models(self.settings).prefixes

    async def run_background(self) -> None:
        """Do what no request waits for, until cancelled."""
        # An export makes no call, so it asks for no price.
        ports = self._job_ports(prices_for_owner(self.settings, UserModels(), self.accounts.sealer))
        async with asyncio.TaskGroup() as group:
            group.create_task(make_exports(ports))
            group.create_task(keep_tidy(self.store, self.blobs, self.clock))

    def _job_ports(self, prices: Prices) -> JobPorts:
        return JobPorts(
            store=self.store,
            exports=self.store,
            marks=self.store,
            blobs=self.blobs,
            prices=prices,
            clock=self.clock,
            renderer=self.renderer,
        )

    async def _models_of(self, user: UserId) -> UserModels:
        return UserModels() if user == SOLE.user else await self.store.read_models(user)


@asynccontextmanager
async def open_service(
    settings: Settings, address: str, *, cost: Argon2Cost = RFC_9106_LOW_MEMORY
) -> AsyncIterator[Service]:
    """A server's ports, closed at the end; `address` is where it is reached, unless `public_url` says otherwise.

    A cheaper `cost` of passwords is for tests alone. Raises BadInputError for settings that do not fit together.
    """
    place = settings_place(settings)
    blobs = open_blobs(place.blobs_url)
    async with AsyncExitStack() as stack:
        store = await open_store_at(place.store_url)
        stack.push_async_callback(store.close)
        # What is copied and spilled while records are looked for is gone with the server.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gristmill-", ignore_cleanup_errors=True))
        yield Service(
            settings=settings,
            place=place,
            store=store,
            blobs=blobs,
            index=await stack.enter_async_context(open_record_index(place.blobs_url, blobs, Path(folder))),
            renderer=await stack.enter_async_context(open_warm_renderer()),
            clock=SystemClock(),
            accounts=await stack.enter_async_context(open_account_ports(store, settings, address=address, cost=cost)),
        )
