"""Money in integer nano-dollars, always rounded against us: up."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import NewType

from gristmill.domain.value import value
from gristmill.errors import BadInputError

NanoUsd = NewType("NanoUsd", int)

ZERO = NanoUsd(0)
NANO = Decimal(1_000_000_000)
# Sums of nano-dollars up to nine times as large fit a 64-bit integer, which is what stores keep.
MOST_USD = 1_000_000_000


def parse_usd(text: str | Decimal) -> NanoUsd:
    """A decimal number of dollars, at most a billion, as nano-dollars, rounded up. Raises BadInputError otherwise."""
    try:
        dollars = Decimal(text)
    except InvalidOperation as error:
        raise BadInputError(f"{text!r} is not an amount of US dollars. Write a number such as 2.50.") from error
    if not dollars.is_finite() or dollars < 0:
        raise BadInputError(f"{text!r} is not an amount of US dollars. Write a number such as 2.50.")
    if dollars > MOST_USD:
        raise BadInputError(f"{text!r} is more than {MOST_USD:,} US dollars, the most there is room for.")
    return NanoUsd(int((dollars * NANO).to_integral_value(ROUND_CEILING)))


def show_usd(amount: NanoUsd) -> str:
    """The amount as a plain decimal string of dollars, exact, with at least two decimals."""
    whole, nano = divmod(abs(amount), 1_000_000_000)
    decimals = f"{nano:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals}"


@value(frozen=True, slots=True, kw_only=True)
class Spent:
    """What calls cost: billed as the provider reported, presumed at the worst case where it reported nothing."""

    billed: NanoUsd = ZERO
    presumed: NanoUsd = ZERO

    @property
    def total(self) -> NanoUsd:
        """Billed and presumed together."""
        return NanoUsd(self.billed + self.presumed)

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(billed=NanoUsd(self.billed + other.billed), presumed=NanoUsd(self.presumed + other.presumed))
