"""`gristmill prices`: what models cost."""

from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from gristmill.cli.options import PRICE_HELP, parse_prices
from gristmill.cli.terminal import show_money, write_table
from gristmill.domain.completion import ModelName
from gristmill.domain.model import Model
from gristmill.domain.pricing import Rates
from gristmill.errors import BadInputError
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.wiring.ports import find_prices
from gristmill.wiring.settings import read_settings


def prices(
    model: str | None = None,
    /,
    *,
    price: Annotated[
        tuple[str, ...], Parameter(help=PRICE_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = (),
) -> None:
    """Show what models cost, in US dollars for a million tokens, and which price table says so.

    Example: gristmill prices openai:gpt-4.1-mini

    Parameters
    ----------
    model
        The model: PROVIDER:MODEL. All that aliases and settings name when left out.
    """
    settings = read_settings()
    table = find_prices(settings, parse_prices(price), callable_only=False)
    if model is not None and ":" not in model:
        raise BadInputError(f"{model!r} is no model: write PROVIDER:MODEL, such as openai:{model}.")
    aliases = {**STARTING_ALIASES, **settings.models.aliases}
    names = [model] if model else sorted({*aliases.values(), *settings.models.entries})
    write_table(_shown([table.find_model(ModelName(name)) for name in names]))


def _shown(models: list[Model]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("model", "input", "cached", "cache written", "output", "price table"):
        table.add_column(name, no_wrap=True, justify="left" if name in {"model", "price table"} else "right")
    for model in models:
        table.add_row(model.name, *_columns(model.price.rates), model.price.table)
        for tier in model.price.tiers:
            table.add_row(f"  above {tier.above:,} tokens", *_columns(tier.rates), "")
    return table


def _columns(rates: Rates) -> list[str]:
    return [show_money(rate) for rate in (rates.input, rates.cached, rates.cache_written, rates.output)]
