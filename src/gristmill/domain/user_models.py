"""What a user says of models: names of their own, and endpoints they pay for themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from gristmill.domain.addresses import check_public_address, check_web_address
from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import MOST_USD
from gristmill.domain.pricing import Rates, rate_of
from gristmill.errors import BadInputError, UnknownModelError

MOST_ENTRIES = 100
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL = re.compile(r"[a-z][a-z0-9]*:[!-~]{1,200}")
# The providers of which a user may bring an endpoint of their own.
OWN_PREFIX = "openai:"
# Stands before the price table of a model that a user described: the money for it is theirs.
OWN_TABLE = "own: "


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """One model of a user's: where it is called, with a key that is sealed, its price in dollars a million tokens."""

    base_url: str | None = None
    sealed_key: str = field(default="", repr=False)
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def has_api_key(self) -> bool:
        """Whether a key is kept: all that anybody ever learns of it."""
        return bool(self.sealed_key)

    @property
    def rates(self) -> Rates | None:
        """The price the user gives, if they do; cached input costs what other input does."""
        if self.input_usd is None or self.output_usd is None:
            return None
        plain = rate_of(self.input_usd)
        return Rates(input=plain, output=rate_of(self.output_usd), cached=plain, cache_written=plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModels:
    """A user's aliases, and the models they describe, by name."""

    aliases: Mapping[str, ModelName] = field(default_factory=dict)
    models: Mapping[ModelName, UserModel] = field(default_factory=dict)


def check_user_models(models: UserModels, *, allow_private: bool) -> UserModels:
    """The models, if they can be kept. Raises BadInputError.

    A model has an address or a key of its own: prices of what the server's owner pays are not the user's to say.
    """
    if len(models.aliases) + len(models.models) > MOST_ENTRIES:
        raise BadInputError(f"There is room for {MOST_ENTRIES} aliases and models.")
    for alias, name in models.aliases.items():
        if not _ALIAS.fullmatch(alias):
            raise BadInputError(f"{alias!r} is no alias: write letters, digits, dots and dashes, at most 64.")
        _check_name(name)
    for name, model in models.models.items():
        _check_model(name, model, allow_private=allow_private)
    return models


def refuse_withdrawn(order: Mapping[ModelName, Model], own: UserModels) -> None:
    """Raise UnknownModelError for a model of an order that was priced as its owner's, and is described no more.

    Called all the same, it would be the server owner's model of that name, at a price that its user once named.
    """
    for name, model in order.items():
        if model.price.table.startswith(OWN_TABLE) and name not in own.models:
            raise UnknownModelError(f"{name} was ordered as a model of your own: describe it again, or clone the job.")


def _check_name(name: ModelName) -> None:
    if not _MODEL.fullmatch(name):
        raise BadInputError(f"{name!r} is no model: write PROVIDER:MODEL, such as openai:gpt-4.1-mini.")


def _check_model(name: ModelName, model: UserModel, *, allow_private: bool) -> None:
    _check_name(name)
    if not name.startswith(OWN_PREFIX):
        raise BadInputError(f"{name} cannot be described here: only {OWN_PREFIX} models have endpoints of their own.")
    if not model.base_url and not model.has_api_key:
        raise BadInputError(f"{name} needs a base_url or an api_key of its own.")
    if model.base_url:
        (check_web_address if allow_private else check_public_address)(model.base_url)
    if (model.input_usd is None) != (model.output_usd is None):
        raise BadInputError(f"{name} needs both input_usd and output_usd, or none of them.")
    for price in (model.input_usd, model.output_usd):
        if price is not None and not (price.is_finite() and 0 <= price <= MOST_USD):
            raise BadInputError(f"{name} has a price that is none: write US dollars for a million tokens.")
    if any(limit is not None and limit < 1 for limit in _numbers(model.limits)):
        raise BadInputError(f"{name} has a limit below 1.")


def _numbers(limits: Limits) -> tuple[int | None, ...]:
    return limits.context, limits.max_in_flight, limits.requests_per_minute, limits.tokens_per_minute
