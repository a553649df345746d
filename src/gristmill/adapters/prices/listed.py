"""Prices out of genai-prices, as the domain has them. The table is the installed one; nothing is ever fetched.

Imported when a price is first looked up there: it takes longer than everything else about prices.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import genai_prices
from genai_prices import types as table
from genai_prices.data_snapshot import get_snapshot

from gristmill.domain.completion import ModelName
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.pricing import Price, Rates, Tier, rate_of

# Of every kind a call is billed by the dearest price that the table has for it: which one applies is not ours to know.
INPUT = ("input_mtok", "input_text_mtok")
OUTPUT = ("output_mtok", "output_text_mtok", "output_reasoning_mtok", "output_citation_mtok")
CACHED = ("cache_read_mtok", "cache_text_read_mtok")
CACHE_WRITTEN = ("cache_write_mtok", "cache_text_write_mtok", "cache_write_5m_mtok", "cache_write_1h_mtok")
THOUSAND_CALLS = "requests_kcount"


def find_listed(name: ModelName, address: str) -> table.ModelInfo | None:
    """The table's entry for a model of whoever answers at the address, or None.

    By the address and never by the name alone: another server's "gpt-4.1-mini" is not OpenAI's.
    """
    try:
        found = get_snapshot().find_provider_model(name.partition(":")[2], None, None, address)
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
