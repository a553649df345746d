"""Money is whole nano-dollars, and every rounding goes against us."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.money import NanoUsd, Spent, parse_usd, show_usd
from gristmill.errors import BadInputError


@pytest.mark.parametrize(
    ("text", "nano"),
    [("2.50", 2_500_000_000), ("0", 0), ("1e-9", 1), ("0.0000000001", 1), ("0.0000000011", 2), ("1e3", 10**12)],
)
def test_dollars_become_nano_dollars_rounded_up(text: str, nano: int) -> None:
    assert parse_usd(text) == nano


@pytest.mark.parametrize("text", ["", "two", "-1", "nan", "inf", "1,5", "$2"])
def test_what_is_no_amount_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="is not an amount of US dollars"):
        parse_usd(text)


@pytest.mark.parametrize("text", ["1e400", "1000000001"])
def test_an_amount_that_no_store_could_keep_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="the most there is room for"):
        parse_usd(text)


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0.00"),
        (1, "0.000000001"),
        (2_500_000_000, "2.50"),
        (-1_250_000_000, "-1.25"),
        (123_456_789_012, "123.456789012"),
    ],
)
def test_an_amount_is_shown_exactly_with_two_decimals_at_least(nano: int, text: str) -> None:
    assert show_usd(NanoUsd(nano)) == text


@given(st.integers(0, 10**18))
def test_what_is_shown_reads_back_as_the_same_amount(nano: int) -> None:
    assert parse_usd(show_usd(NanoUsd(nano))) == nano


@given(st.decimals(0, 10**6, allow_nan=False, allow_infinity=False))
def test_rounding_never_loses_money_and_adds_less_than_a_nano_dollar(dollars: Decimal) -> None:
    rounded = Decimal(parse_usd(dollars)) / 10**9
    assert 0 <= rounded - dollars < Decimal("1e-9")


def test_spent_keeps_billed_and_presumed_apart() -> None:
    total = Spent(billed=NanoUsd(3), presumed=NanoUsd(1)) + Spent(billed=NanoUsd(4))
    assert (total.billed, total.presumed, total.total) == (7, 1, 8)
