"""`gristmill models`: which models there are, fetched and tried."""

from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gristmill.cli.options import PRICE_HELP, parse_budget, parse_prices
from gristmill.cli.outcome import exit_code
from gristmill.cli.rows import show_row
from gristmill.cli.terminal import OUT, say, say_error, show_money
from gristmill.domain.completion import ModelName
from gristmill.domain.job import JobStatus
from gristmill.domain.money import NanoUsd
from gristmill.errors import BadInputError, GristmillError
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.models import STARTING_ALIASES
from gristmill.ports.models import Prices
from gristmill.recipes import compile_template
from gristmill.wiring.aside import mill_aside
from gristmill.wiring.local_model import pull_local_model
from gristmill.wiring.mill import MillOrder
from gristmill.wiring.ports import find_prices
from gristmill.wiring.settings import read_settings

TEST_TEMPLATE = """\
name: model-test
defaults: {model: tested, max_tokens: 64}
steps:
  - id: answer
    prompt: "Reply with one short friendly sentence."
attempts: {repair: 0, redraw: 0}
"""
# What a test may cost when no other budget is given: a call of 64 tokens costs less with every model known today.
TEST_BUDGET = NanoUsd(50_000_000)


def list_models() -> None:
    """List aliases and the models you have described.

    Example: gristmill models list
    """
    settings = read_settings()
    aliases = {**STARTING_ALIASES, **settings.models.aliases}
    prices = find_prices(settings, {}, callable_only=True)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("alias", "model", "price", ""):
        table.add_column(name)
    for alias, model in aliases.items():
        table.add_row(alias, model, *_standing(ModelName(model), prices))
    for model in settings.models.entries:
        table.add_row("", model, *_standing(model, prices))
    OUT.print(table)


def pull_model(model: str = "smollm2", /) -> None:
    """Fetch the small model that runs on this machine: about 100 MB, checked by its digest, kept under `home`.

    Example: gristmill models pull smollm2

    Parameters
    ----------
    model
        smollm2, the only one there is.
    """
    if model.removeprefix("local:") != "smollm2":
        raise BadInputError(f"There is no model {model!r} to pull: only smollm2.")
    home = read_settings().home_folder
    path = pull_local_model(home, say)
    say(f"✓ local:smollm2 is in {path}", style="green")


async def try_model(
    model: str,
    /,
    *,
    budget: Annotated[str | None, Parameter(help="The most it may cost, in US dollars; 0.05 when left out.")] = None,
    price: Annotated[
        tuple[str, ...], Parameter(help=PRICE_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = (),
) -> int:
    """Ask a model one short question, and show what it answered, how fast and for how much.

    Example: gristmill models test openai:gpt-4.1-mini

    Parameters
    ----------
    model
        The model: PROVIDER:MODEL, or an alias such as cheap.
    """
    order = MillOrder(
        template=TEST_TEMPLATE,
        records=1,
        models={"": _named(model)},
        prices=parse_prices(price),
        budget=parse_budget(budget) or TEST_BUDGET,
        kind="test",
    )
    made = await mill_aside(order, StopSwitch())
    report, recipe = made.report, compile_template(TEST_TEMPLATE)
    for row in made.rows:
        show_row(recipe, row, {})
    if report.job.status is not JobStatus.COMPLETED:
        say_error(report.job.detail or f"The model gave no usable answer: the test ended as {report.job.status}.")
    return exit_code(report.job.status)


def _named(word: str) -> ModelName:
    aliases = {**STARTING_ALIASES, **read_settings().models.aliases}
    if word not in aliases and ":" not in word:
        raise BadInputError(f"{word!r} is no model: write PROVIDER:MODEL, such as openai:{word}, or an alias.")
    return ModelName(aliases.get(word, word))


def _standing(model: ModelName, prices: Prices) -> tuple[Text, Text]:
    try:
        found = prices.find_model(model)
    except GristmillError as error:
        return Text("–"), Text(str(error), style="yellow")
    rates = found.price.rates
    if found.price.is_free:
        return Text("free"), Text("ready", style="green")
    return Text(f"{show_money(rates.input)} in, {show_money(rates.output)} out per million"), Text(
        "ready", style="green"
    )
