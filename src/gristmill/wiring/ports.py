"""Addresses and settings turned into open ports."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gristmill.adapters.local import LocalBlobs, LocalJournal, SystemClock
from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.adapters.routing import CheckedModels, RoutedModels
from gristmill.adapters.scripted import ScriptedModels
from gristmill.adapters.sql import open_store
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import WorkerId
from gristmill.domain.model import Model
from gristmill.domain.pricing import Price, Rates
from gristmill.errors import BadInputError
from gristmill.jobs.ports import JobPorts
from gristmill.ports.blobs import Blobs
from gristmill.ports.models import Prices
from gristmill.ports.store import Store
from gristmill.wiring.places import Place
from gristmill.wiring.settings import ModelEntry, Settings
from gristmill.worker.ports import WorkerPorts


@asynccontextmanager
async def open_job_ports(place: Place, prices: Prices) -> AsyncIterator[JobPorts]:
    """What the use cases need, closed at the end."""
    store = await open_store_at(place.store_url)
    try:
        yield JobPorts(store=store, blobs=open_blobs(place.blobs_url), prices=prices, clock=SystemClock())
    finally:
        await store.close()


@asynccontextmanager
async def open_worker_ports(place: Place, settings: Settings, worker: WorkerId) -> AsyncIterator[WorkerPorts]:
    """What a worker needs, closed at the end."""
    store = await open_store_at(place.store_url)
    models = open_models(settings)
    journal = LocalJournal(place.journals, worker)
    try:
        yield WorkerPorts(
            store=store, blobs=open_blobs(place.blobs_url), journal=journal, models=models, clock=SystemClock()
        )
    finally:
        await models.close()
        journal.close()
        await store.close()


async def open_store_at(url: str) -> Store:
    """The store at a URL; its folder is made if need be. Raises BadInputError for a scheme nothing here serves."""
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite":
        raise BadInputError(f"No store is built in for {url!r}: write sqlite:///PATH.")
    file = local_path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    return await asyncio.to_thread(open_store, f"sqlite:///{file}")


def open_blobs(url: str) -> Blobs:
    """The blobs at a URL. Raises BadInputError for a scheme nothing here serves."""
    scheme, _, path = url.partition("://")
    if scheme != "file":
        raise BadInputError(f"No blobs are built in for {url!r}: write file:///PATH.")
    return LocalBlobs(local_path(path))


def local_path(text: str) -> Path:
    """A path out of a URL; `~` is the user's home folder."""
    return Path(text.removeprefix("/") if text.startswith("/~") else text).expanduser().absolute()


def open_models(settings: Settings) -> RoutedModels:
    """Every provider that can be called from here. Nothing is called or started yet."""
    entries = settings.models.entries.items()
    own = {name: _endpoint(entry) for name, entry in entries if entry.base_url is not None}
    return RoutedModels(
        {
            "openai": OpenAiModels(Endpoints.from_environment(os.environ, own)),
            "scripted": ScriptedModels(),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallablePrices:
    """Prices of models that can be called: a missing key or address is refused before anything is spent."""

    prices: Prices
    models: CheckedModels

    def find_model(self, name: ModelName) -> Model:
        """See Prices. Raises UnknownModelError besides when no call to the model could be answered."""
        self.models.check(name)
        return self.prices.find_model(name)


def find_prices(settings: Settings, own: Mapping[ModelName, Rates], *, callable_only: bool) -> Prices:
    """The price table with the user's prices and limits on top."""
    prices = _Stub(own)
    return CallablePrices(prices=prices, models=open_models(settings)) if callable_only else prices


@dataclass
class _Stub:
    own: Mapping[ModelName, Rates]

    def find_model(self, name: ModelName) -> Model:
        return Model(name=name, price=Price(table="stub", rates=self.own.get(name, Rates())))


def _endpoint(entry: ModelEntry) -> Endpoint:
    key = os.environ.get(entry.api_key_env, "") if entry.api_key_env else ""
    return Endpoint(base_url=entry.base_url or "", api_key=key)
