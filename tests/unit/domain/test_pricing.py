"""What calls cost, and that no bill within the bounds of a call exceeds its worst case."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.completion import Completion, Message, ModelName, Sampling, Schema
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.pricing import Price, Rates, Tier, cost_of, rate_of, worst_cost, worst_input_tokens
from gristmill.domain.usage import Usage


def nano(dollars: str) -> NanoUsd:
    return rate_of(Decimal(dollars))


def completion(*contents: str, most: int = 100, schema: str = "") -> Completion:
    return Completion(
        model=ModelName("openai:any"),
        messages=tuple(Message(role="user", content=content) for content in contents),
        sampling=Sampling(max_tokens=most),
        schema=Schema(name="q", text=schema) if schema else None,
    )


RATES = Rates(input=nano("2"), output=nano("8"), cached=nano("0.5"), cache_written=nano("2.5"))


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(), 0),
        (Usage(input=1_000_000), 2_000_000_000),
        (Usage(output=1, reasoning=1), 8_000),
        (Usage(input=10, cached=10), 5_000),
        (Usage(input=10, cached=4, cache_written=6), 17_000),
        (Usage(input=10, cached=20), 10_000),
    ],
)
def test_each_kind_of_token_has_its_rate(usage: Usage, cost: int) -> None:
    assert cost_of(Price(table="t", rates=RATES), usage) == cost


def test_costs_and_rates_are_rounded_up() -> None:
    assert cost_of(Price(table="t", rates=Rates(input=NanoUsd(1))), Usage(input=1)) == 1
    assert rate_of(Decimal("0.0000000001")) == 1
    assert rate_of(Decimal("0.15")) == 150_000_000


def test_a_tier_counts_for_every_token_of_a_call_beyond_it() -> None:
    dear = Rates(input=nano("4"))
    price = Price(table="t", rates=Rates(input=nano("2")), tiers=(Tier(above=1000, rates=dear),))
    assert cost_of(price, Usage(input=1000)) == 2_000_000
    assert cost_of(price, Usage(input=1001)) == 4_004_000


def test_a_fee_for_each_call_is_part_of_cost_and_worst_case() -> None:
    price = Price(table="t", call=NanoUsd(5))
    assert not price.is_free
    assert cost_of(price, Usage()) == 5
    assert worst_cost(price, completion("x")) == 5


def test_what_is_free_costs_nothing_however_long() -> None:
    assert worst_cost(Price(table="t"), completion("x" * 10_000)) == ZERO


def test_the_bound_counts_bytes_of_the_longer_form() -> None:
    base = worst_input_tokens(completion(""))
    assert worst_input_tokens(completion("abc")) == base + 3
    assert worst_input_tokens(completion("é")) == base + 2
    # One character of three bytes that NFKC writes as eighteen.
    assert worst_input_tokens(completion("\ufdfa")) == base + 33
    assert worst_input_tokens(completion("\ud800")) == base + 3
    assert worst_input_tokens(completion("", schema="{}")) == base + 2


rates = st.builds(Rates, **{kind: st.integers(0, 10**12) for kind in ("input", "output", "cached", "cache_written")})
tiers = st.builds(Tier, above=st.integers(0, 2000), rates=rates)
prices = st.builds(
    Price,
    table=st.just("t"),
    rates=rates,
    call=st.integers(0, 10**9),
    tiers=st.lists(tiers, max_size=3).map(lambda some: tuple(sorted(some, key=lambda tier: tier.above))),
)


@given(prices, st.lists(st.text(max_size=50), max_size=4), st.integers(1, 5000), st.data())
def test_no_bill_within_the_bound_exceeds_the_worst_case(
    price: Price, contents: list[str], most: int, data: st.DataObject
) -> None:
    request = completion(*contents, most=most)
    used = data.draw(st.integers(0, worst_input_tokens(request)))
    cached = data.draw(st.integers(0, used))
    written = data.draw(st.integers(0, used - cached))
    usage = Usage(input=used, output=data.draw(st.integers(0, most)), cached=cached, cache_written=written)
    assert cost_of(price, usage) <= worst_cost(price, request)
