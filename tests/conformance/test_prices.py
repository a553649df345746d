"""Prices: the user's first, then the table's for whoever answers at the model's address, or a sentence that helps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as TableUsage
from genai_prices import calc_price
from genai_prices.data import providers

from gristmill.adapters.openai import Endpoint, Endpoints
from gristmill.adapters.prices import open_prices
from gristmill.adapters.prices.listed import price_of
from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits
from gristmill.domain.pricing import Rates, cost_of, rate_of
from gristmill.domain.usage import Usage
from gristmill.errors import UnknownPriceError
from gristmill.ports.models import Prices

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def prices_at(
    address: str,
    *,
    own: Mapping[ModelName, Rates] | None = None,
    limits: Mapping[ModelName, Limits] | None = None,
    now: datetime = NOW,
) -> Prices:
    endpoints = Endpoints(default=Endpoint(base_url=address))
    return open_prices(own=own or {}, limits=limits or {}, address_of=endpoints.address_of, now=now)


OPENAI = "https://api.openai.com/v1"


def test_openai_has_its_price_with_a_dated_table_and_its_context() -> None:
    model = prices_at(OPENAI).find_model(ModelName("openai:gpt-4.1-mini"))
    assert model.price.rates == Rates(
        input=rate_of(Decimal("0.4")),
        output=rate_of(Decimal("1.6")),
        cached=rate_of(Decimal("0.1")),
        cache_written=rate_of(Decimal("0.4")),
    )
    assert model.price.table.startswith("genai-prices 0.2")
    assert model.price.table.endswith("2026-11-22")
    assert model.limits.context == 1_000_000


def test_the_same_name_at_another_address_has_no_price_of_openai() -> None:
    with pytest.raises(UnknownPriceError, match=r"0 for your own hardware.*gristmill\.toml") as refusal:
        prices_at("http://127.0.0.1:8000/v1").find_model(ModelName("openai:gpt-4.1-mini"))
    assert refusal.value.at_shell == "or --price openai:gpt-4.1-mini=INPUT/OUTPUT"


def test_another_provider_is_priced_by_its_own_table() -> None:
    name = ModelName("openai:openai/gpt-4.1-mini")
    assert not prices_at("https://openrouter.ai/api/v1").find_model(name).price.is_free
    with pytest.raises(UnknownPriceError):
        prices_at("https://api.groq.com/openai/v1").find_model(ModelName("openai:gpt-4.1-mini"))


def test_the_users_price_stands_above_every_other() -> None:
    own = {name: Rates(input=rate_of(Decimal(3))) for name in map(ModelName, ("openai:gpt-4.1-mini", "scripted:demo"))}
    for name, rates in own.items():
        price = prices_at(OPENAI, own=own).find_model(name).price
        assert (price.rates, price.table) == (rates, "user")


@pytest.mark.parametrize("name", ["scripted:demo", "local:smollm2"])
def test_what_runs_here_is_free(name: str) -> None:
    assert prices_at(OPENAI).find_model(ModelName(name)).price.is_free


def test_the_users_limits_are_kept_and_the_tables_context_fills_in() -> None:
    name = ModelName("openai:gpt-4.1-mini")
    model = prices_at(OPENAI, limits={name: Limits(requests_per_minute=60)}).find_model(name)
    assert model.limits == Limits(context=1_000_000, requests_per_minute=60)


def test_a_price_that_changed_is_the_one_of_the_day() -> None:
    name = ModelName("openai:o3")
    old, new = (prices_at(OPENAI, now=datetime(2025, month, 20, tzinfo=UTC)).find_model(name) for month in (5, 7))
    assert (old.price.rates.input, new.price.rates.input) == (rate_of(Decimal(10)), rate_of(Decimal(2)))


def test_no_model_of_the_table_costs_less_here_than_its_own_formula_says() -> None:
    compared = 0
    for provider in providers:
        for listed in provider.models:
            price = price_of(listed, NOW)
            if price is None:
                continue
            for tokens in (1_000, 250_000, 600_000):
                usage = Usage(input=tokens, output=1_000, cached=tokens // 2)
                asked = TableUsage(input_tokens=tokens, output_tokens=1_000, cache_read_tokens=tokens // 2)
                theirs = listed.calc_price(asked, provider, genai_request_timestamp=NOW).total_price
                assert cost_of(price, usage) >= theirs * 1_000_000_000 - 1, (provider.id, listed.id, tokens)
                compared += 1
    assert compared > 1_000
    assert calc_price(TableUsage(input_tokens=1_000_000), "gpt-4.1-mini").total_price == Decimal("0.4")
