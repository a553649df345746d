"""What a call costs and what it can cost at most: the two formulas the wall stands on."""

import unicodedata
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal

from gristmill.domain.completion import Completion
from gristmill.domain.money import NANO, ZERO, NanoUsd
from gristmill.domain.usage import Usage

MILLION = 1_000_000

# What a provider may count beyond the text itself: role markers and separators of each message, and the
# frame around a schema. OpenAI documents 3 to 4 tokens a message; chat templates in use stay below 16.
TOKENS_PER_MESSAGE = 16
TOKENS_PER_CALL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Nano-dollars for a million tokens of each kind; `output` includes hidden reasoning."""

    input: NanoUsd = ZERO
    output: NanoUsd = ZERO
    cached: NanoUsd = ZERO
    cache_written: NanoUsd = ZERO


FREE = Rates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates for calls whose input is longer than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A model's price as of one dated table: base rates, dearer tiers in rising order, and a fee for each call."""

    table: str
    rates: Rates = Rates()
    tiers: tuple[Tier, ...] = ()
    call: NanoUsd = ZERO

    @property
    def is_free(self) -> bool:
        """Whether no call can cost anything."""
        return self.call == 0 and self.rates == FREE and all(tier.rates == FREE for tier in self.tiers)

    @property
    def dearest(self) -> Rates:
        """The highest rate of each kind over all tiers."""
        tables = (self.rates, *(tier.rates for tier in self.tiers))
        return Rates(**{f.name: max(getattr(rates, f.name) for rates in tables) for f in fields(Rates)})

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates that apply to a call with so many input tokens."""
        rates = self.rates
        for tier in self.tiers:
            if input_tokens > tier.above:
                rates = tier.rates
        return rates


def rate_of(dollars_per_million: Decimal) -> NanoUsd:
    """A price in dollars for a million tokens as nano-dollars, rounded up."""
    return NanoUsd(int((dollars_per_million * NANO).to_integral_value(ROUND_CEILING)))


def cost_of(price: Price, usage: Usage) -> NanoUsd:
    """What the provider bills for this usage, rounded up to a nano-dollar."""
    rates = price.rates_for(usage.input)
    plain = max(usage.input - usage.cached - usage.cache_written, 0)
    micro = (
        plain * rates.input
        + usage.cached * rates.cached
        + usage.cache_written * rates.cache_written
        + usage.output * rates.output
    )
    return NanoUsd(-(-micro // MILLION) + price.call)


def worst_cost(price: Price, request: Completion) -> NanoUsd:
    """The most this call can cost: every byte a token at the dearest input rate, and a full reply."""
    if price.is_free:
        return ZERO
    dearest = price.dearest
    dearest_input = max(dearest.input, dearest.cached, dearest.cache_written)
    micro = worst_input_tokens(request) * dearest_input + request.max_tokens * dearest.output
    return NanoUsd(-(-micro // MILLION) + price.call)


def worst_input_tokens(request: Completion) -> int:
    """An upper bound of the input tokens of a call: no tokenizer in use makes more than one token of a byte."""
    content = sum(_longest_form(message.content) for message in request.messages)
    schema = _longest_form(request.schema.text) if request.schema else 0
    return content + schema + TOKENS_PER_MESSAGE * len(request.messages) + TOKENS_PER_CALL


def _longest_form(text: str) -> int:
    # Some tokenizers normalise first, and NFKC can make one character eighteen: count the longer form.
    if text.isascii():
        return len(text)
    normal = unicodedata.normalize("NFKC", text)
    return max(len(text.encode("utf-8", "surrogatepass")), len(normal.encode("utf-8", "surrogatepass")))
