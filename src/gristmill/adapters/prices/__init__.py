"""What models charge: a kept price table, with the user's own prices on top."""

from gristmill.adapters.prices.table import open_prices

__all__ = ["open_prices"]
