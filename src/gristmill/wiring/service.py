"""What a server holds open while it runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gristmill.adapters.local import SystemClock
from gristmill.adapters.sql import SqlStore
from gristmill.domain.account import SOLE, Principal
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import UserId
from gristmill.errors import UnauthenticatedError
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.jobs.ports import JobPorts
from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Renderer
from gristmill.wiring.places import Place, settings_place
from gristmill.wiring.ports import find_prices, open_blobs, open_renderer, open_store_at
from gristmill.wiring.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The open ports of one server, and what is particular to each of its users."""

    settings: Settings
    place: Place
    store: SqlStore
    blobs: Blobs
    renderer: Renderer
    clock: Clock

    async def authenticate(self, credential: str) -> Principal:
        """Who a credential stands for. Raises UnauthenticatedError."""
        if self.settings.auth == "none:":
            return SOLE
        raise UnauthenticatedError(f"A credential of {len(credential)} characters is not known here.")

    async def job_ports(self, user: UserId) -> JobPorts:
        """The ports of the use cases, with the prices of the user's models."""
        return JobPorts(
            store=self.store,
            exports=self.store,
            blobs=self.blobs,
            prices=await self.prices(user),
            clock=self.clock,
            renderer=self.renderer,
        )

    async def prices(self, user: UserId) -> Prices:
        """What models cost the user; one that cannot be called is refused."""
        del user
        return find_prices(self.settings, {}, callable_only=True)

    async def aliases(self, user: UserId) -> Mapping[str, ModelName]:
        """What the user's aliases stand for, over the server's, over those from the start."""
        del user
        own = {name: ModelName(model) for name, model in self.settings.models.aliases.items()}
        return {**STARTING_ALIASES, **own}


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """A server's ports, closed at the end."""
    place = settings_place(settings)
    store = await open_store_at(place.store_url)
    try:
        yield Service(
            settings=settings,
            place=place,
            store=store,
            blobs=open_blobs(place.blobs_url),
            renderer=open_renderer(),
            clock=SystemClock(),
        )
    finally:
        await store.close()
