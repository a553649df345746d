"""What models charge: the user's own prices, then nothing for what runs here, then a kept table's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits, Model
from gristmill.domain.pricing import Price, Rates
from gristmill.errors import UnknownPriceError

USER_TABLE = "user"
FREE_TABLE = "free"
FREE_PREFIXES = ("local:", "scripted:")


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
        from gristmill.adapters.prices.listed import find_listed, price_of  # noqa: PLC0415 - 100 ms, seldom needed

        listed = find_listed(name, self.address_of(name))
        price = None if listed is None else price_of(listed, self.now)
        if listed is None or price is None:
            raise UnknownPriceError(_unknown(name, self.address_of(name)), at_shell=f"or --price {name}=INPUT/OUTPUT")
        return Model(name=name, price=price, limits=replace(limits, context=limits.context or listed.context_window))


def _unknown(name: ModelName, address: str) -> str:
    at = f" at {address}" if address else ""
    return (
        f"Nothing says what {name}{at} costs. Give its prices in US dollars for a million tokens, 0 for your own"
        f' hardware: input_usd and output_usd under [models."{name}"] in gristmill.toml.'
    )
