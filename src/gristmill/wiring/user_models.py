"""A user's own models beside the server's: theirs guarded, and never with the key of another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from gristmill.adapters import openai
from gristmill.adapters.openai import Endpoint, Endpoints
from gristmill.adapters.openai.endpoints import OPENAI_URL
from gristmill.adapters.prices import open_prices
from gristmill.adapters.routing import CheckedModels, LentModels, RoutedModels
from gristmill.domain.completion import ModelName
from gristmill.domain.model import Model
from gristmill.domain.user_models import OWN_TABLE, UserModel, UserModels, refuse_withdrawn
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.ports.models import Prices
from gristmill.ports.sealer import Sealer
from gristmill.wiring.ports import CallablePrices, find_endpoints, find_prices, open_models
from gristmill.wiring.settings import Settings

Own: TypeAlias = Mapping[ModelName, UserModel]


def models_for_owner(
    settings: Settings,
    own: UserModels,
    sealer: Sealer | None,
    order: Mapping[ModelName, Model],
    *,
    shared: RoutedModels,
) -> CheckedModels:
    """Every provider that can be called for a user: what the user describes with the user's key and address.

    Those addresses are guarded unless the settings allow private ones; all else is called through `shared`, which is
    the server owner's, and trusted. Nothing is called yet. `order` are the models of a job as they were priced, or
    none. Raises UnknownModelError for one of them that the user withdrew, BadInputError for a key kept under another
    secret.
    """
    refuse_withdrawn(order, own)
    lent = LentModels(shared)
    if not own.models or sealer is None:
        return lent
    endpoints = _endpoints(settings, own.models, sealer)
    return RoutedModels(
        {**dict.fromkeys(shared.prefixes, lambda: lent), "openai": lambda: openai.OpenAiModels(endpoints)}
    )


def prices_for_owner(settings: Settings, own: UserModels, sealer: Sealer) -> Prices:
    """What models cost a user: the user's prices for what the user describes, then the settings'.

    A model that the user describes is never priced by the settings: it is not the one they mean.
    """
    endpoints = _endpoints(settings, own.models, sealer)
    theirs = open_prices(
        own={name: rates for name, model in own.models.items() if (rates := model.rates)},
        limits={name: model.limits for name, model in own.models.items()},
        address_of=endpoints.address_of,
        now=datetime.now(UTC),
    )
    prices = _OwnersPrices(own=own.models, theirs=theirs, servers=find_prices(settings, {}, callable_only=False))
    return CallablePrices(prices=prices, models=open_models(settings, endpoints))


def aliases_for_owner(settings: Settings, own: UserModels) -> Mapping[str, ModelName]:
    """What aliases stand for: as the user says, else as the settings do, else as from the start."""
    servers = {alias: ModelName(name) for alias, name in settings.models.aliases.items()}
    return {**STARTING_ALIASES, **servers, **own.aliases}


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnersPrices:
    own: Own
    theirs: Prices
    servers: Prices

    def find_model(self, name: ModelName) -> Model:
        """See Prices."""
        if name not in self.own:
            return self.servers.find_model(name)
        found = self.theirs.find_model(name)
        return replace(found, price=replace(found.price, table=f"{OWN_TABLE}{found.price.table}"))


def _endpoints(settings: Settings, own: Own, sealer: Sealer) -> Endpoints:
    servers = find_endpoints(settings)
    theirs = {name: _endpoint(model, settings, sealer) for name, model in own.items()}
    return replace(servers, own={**servers.own, **theirs})


def _endpoint(model: UserModel, settings: Settings, sealer: Sealer) -> Endpoint:
    return Endpoint(
        base_url=model.base_url or OPENAI_URL,
        api_key=sealer.unseal(model.sealed_key) if model.sealed_key else "",
        is_guarded=not settings.allow_private_models,
    )
