"""Addresses and settings turned into open ports."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from gristmill.adapters import openai
from gristmill.adapters.embedded import LIMITS, SMOLLM2, EmbeddedModels
from gristmill.adapters.local import LocalBlobs, SystemClock
from gristmill.adapters.openai import Endpoint, Endpoints
from gristmill.adapters.prices import open_prices
from gristmill.adapters.renderer.forked import ForkedRenderer
from gristmill.adapters.renderer.process import ChildRenderer
from gristmill.adapters.routing import CheckedModels, RoutedModels
from gristmill.adapters.scripted import ScriptedModels
from gristmill.adapters.sql import SqlStore, open_store
from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits, Model
from gristmill.domain.pricing import Rates, rate_of
from gristmill.errors import BadInputError
from gristmill.jobs.ports import JobPorts
from gristmill.ports.blobs import Blobs
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Renderer
from gristmill.wiring.places import Place, show_url
from gristmill.wiring.settings import ModelEntry, Settings
from gristmill.wiring.threads import use_counted_threads


@asynccontextmanager
async def open_job_ports(place: Place, prices: Prices) -> AsyncIterator[JobPorts]:
    """What the use cases need, closed at the end."""
    use_counted_threads()
    store = await open_store_at(place.store_url)
    try:
        yield JobPorts(
            store=store,
            exports=store,
            marks=store,
            blobs=open_blobs(place.blobs_url),
            prices=prices,
            clock=SystemClock(),
            renderer=open_renderer(),
        )
    finally:
        await store.close()


def open_renderer() -> Renderer:
    """What reads templates apart from this process."""
    return ChildRenderer()


@asynccontextmanager
async def open_warm_renderer() -> AsyncIterator[Renderer]:
    """The same for who reads many: a process stands ready for it, and is gone at the end."""
    renderer = ForkedRenderer()
    try:
        yield renderer
    finally:
        await renderer.close()


async def open_store_at(url: str) -> SqlStore:
    """The store at a URL, a file's folder made if need be. Raises BadInputError for a scheme nothing here serves."""
    if url.startswith("postgresql://"):
        return await asyncio.to_thread(open_store, url)
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite":
        how = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
        raise BadInputError(f"No store is built in for {show_url(url)!r}: {how}.")
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


def open_models(settings: Settings, endpoints: Endpoints | None = None) -> RoutedModels:
    """Every provider that can be called from here, at the settings' endpoints or others. Nothing is called yet."""
    return RoutedModels(
        {
            "openai": lambda: openai.OpenAiModels(endpoints or find_endpoints(settings)),
            "scripted": ScriptedModels,
            "local": lambda: EmbeddedModels(settings.home_folder),
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
    """The price table, with the settings' prices and limits on top, and `own` above all."""
    endpoints = find_endpoints(settings)
    entries = settings.models.entries
    limits = {name: _limits(entry) for name, entry in entries.items()}
    prices = open_prices(
        own={**{name: rates for name, entry in entries.items() if (rates := _rates(name, entry))}, **own},
        limits={SMOLLM2: LIMITS, **limits},
        address_of=lambda name: endpoints.endpoint_of(name).base_url if name.startswith("openai:") else "",
        now=datetime.now(UTC),
    )
    return CallablePrices(prices=prices, models=open_models(settings)) if callable_only else prices


def find_endpoints(settings: Settings) -> Endpoints:
    """Where each OpenAI-compatible model is called."""
    entries = settings.models.entries.items()
    own = {name: _endpoint(entry) for name, entry in entries if entry.base_url is not None}
    return Endpoints.from_environment(os.environ, own)


def rates_of(given: Decimal, made: Decimal) -> Rates:
    """A user's price for input and output in dollars a million tokens; cached input costs what other input does."""
    plain = rate_of(given)
    return Rates(input=plain, output=rate_of(made), cached=plain, cache_written=plain)


def _rates(name: ModelName, entry: ModelEntry) -> Rates | None:
    if entry.input_usd is None and entry.output_usd is None:
        return None
    if entry.input_usd is None or entry.output_usd is None:
        raise BadInputError(f'The settings of [models."{name}"] need both input_usd and output_usd, or none of them.')
    return rates_of(entry.input_usd, entry.output_usd)


def _limits(entry: ModelEntry) -> Limits:
    return Limits(
        context=entry.context,
        max_in_flight=entry.max_in_flight,
        requests_per_minute=entry.rpm,
        tokens_per_minute=entry.tpm,
    )


def _endpoint(entry: ModelEntry) -> Endpoint:
    key = os.environ.get(entry.api_key_env, "") if entry.api_key_env else ""
    return Endpoint(base_url=entry.base_url or "", api_key=key)
