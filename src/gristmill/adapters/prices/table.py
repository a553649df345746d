"""Prices out of genai-prices, as the domain has them. The table is the installed one; nothing is ever fetched."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import genai_prices
from genai_prices import types as table
from genai_prices.data_snapshot import get_snapshot

from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.pricing import Price, Rates, Tier, rate_of
from gristmill.errors import UnknownPriceError

USER_TABLE = "user"
FREE_TABLE = "free"
FREE_PREFIXES = ("local:", "scripted:")

# Of every kind a call is billed by the dearest price that the table has for it: which one applies is not ours to know.
INPUT = ("input_mtok", "input_text_mtok")
OUTPUT = ("output_mtok", "output_text_mtok", "output_reasoning_mtok", "output_citation_mtok")
CACHED = ("cache_read_mtok", "cache_text_read_mtok")
CACHE_WRITTEN = ("cache_write_mtok", "cache_text_write_mtok", "cache_write_5m_mtok", "cache_write_1h_mtok")
THOUSAND_CALLS = "requests_kcount"


def open_prices(
    *,
    own: Mapping[ModelName, Rates],
    limits: Mapping[ModelName, Limits],
    address_of: Callable[[ModelName], str],
    now: datetime,
) -> "TablePrices":
    """The price table as of `now`, with the user's own prices and limits on top.

    `address_of` gives the base URL at which a model is called: a model is priced as the provider that answers there.
    """
    return TablePrices(own=own, limits=limits, address_of=address_of, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePrices:
    """The user's price first, then nothing for what runs here, then the table's for whoever answers at the address."""

    own: Mapping[ModelName, Rates]
    limits: Mapping[ModelName, Limits] = field(default_factory=dict)
    address_of: Callable[[ModelName], str]
    now: datetime

    def find_model(self, name: ModelName) -> Model:
        """See Prices."""
        limits = self.limits.get(name, Limits())
        if name in self.own:
            return Model(name=name, price=Price(table=USER_TABLE, rates=self.own[name]), limits=limits)
        if name.startswith(FREE_PREFIXES):
            return Model(name=name, price=Price(table=FREE_TABLE), limits=limits)
        listed = self._listed(name)
        price = None if listed is None else price_of(listed, self.now)
        if listed is None or price is None:
            raise UnknownPriceError(_unknown(name, self.address_of(name)))
        return Model(name=name, price=price, limits=replace(limits, context=limits.context or listed.context_window))

    def _listed(self, name: ModelName) -> table.ModelInfo | None:
        try:
            # By the address and never by the name alone: another server's "gpt-4.1-mini" is not OpenAI's.
            found = get_snapshot().find_provider_model(name.partition(":")[2], None, None, self.address_of(name))
        except LookupError:
            return None
        return found[1]


def price_of(listed: table.ModelInfo, now: datetime) -> Price | None:
    """The model's price at `now`, or None when the table does not have both input and output of it.

    A price that depends on the hour stands at its dearest: a job runs through all of them.
    """
    prices = list(_active(listed, now))
    if not any(price.input_mtok is not None for price in prices) or not any(
        price.output_mtok is not None for price in prices
    ):
        return None
    starts = {tier.start for price in prices for tiers in _tiered(price) for tier in tiers.tiers}
    return Price(
        table=f"genai-prices {genai_prices.__version__}, {now:%Y-%m-%d}",
        rates=_rates(prices, 0),
        tiers=tuple(Tier(above=start, rates=_rates(prices, start + 1)) for start in sorted(starts)),
        call=NanoUsd(-(-_dearest(prices, (THOUSAND_CALLS,), 0) // 1000)),
    )


def _active(listed: table.ModelInfo, now: datetime) -> Iterable[table.ModelPrice]:
    if isinstance(listed.prices, table.ModelPrice):
        return [listed.prices]
    by_hour = [one.prices for one in listed.prices if isinstance(one.constraint, table.TimeOfDateConstraint)]
    return [listed.get_prices(now), *by_hour]


def _tiered(price: table.ModelPrice) -> Iterable[table.TieredPrices]:
    known = (*INPUT, *OUTPUT, *CACHED, *CACHE_WRITTEN)
    return [value for word in known if isinstance(value := getattr(price, word), table.TieredPrices)]


def _rates(prices: Iterable[table.ModelPrice], input_tokens: int) -> Rates:
    prices = list(prices)
    plain = _dearest(prices, INPUT, input_tokens)
    return Rates(
        input=plain,
        output=_dearest(prices, OUTPUT, input_tokens),
        cached=_dearest(prices, CACHED, input_tokens) or plain,
        cache_written=_dearest(prices, CACHE_WRITTEN, input_tokens) or plain,
    )


def _dearest(prices: Iterable[table.ModelPrice], words: Iterable[str], input_tokens: int) -> NanoUsd:
    stated = (_at(getattr(price, word), input_tokens) for price in prices for word in words)
    return max((rate_of(value) for value in stated if value is not None), default=ZERO)


def _at(value: Decimal | table.TieredPrices | None, input_tokens: int) -> Decimal | None:
    if not isinstance(value, table.TieredPrices):
        return value
    reached = [tier.price for tier in value.tiers if input_tokens > tier.start]
    return reached[-1] if reached else value.base


def _unknown(name: ModelName, address: str) -> str:
    at = f" at {address}" if address else ""
    return (
        f"Nothing says what {name}{at} costs. Add --price {name}=INPUT/OUTPUT in US dollars for a million tokens"
        f' (0/0 for your own hardware), or input_usd and output_usd under [models."{name}"] in gristmill.toml.'
    )
