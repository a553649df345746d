"""Options that several verbs share, and what their texts stand for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from gristmill.datasets import PLAIN_READING
from gristmill.domain.completion import ModelName
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.domain.pricing import Rates
from gristmill.errors import BadInputError
from gristmill.recipes.document import MAX_SOURCE_BYTES
from gristmill.wiring.ports import rates_of

# An option that is given once for each of its values.
Many = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=False, show_default=False)]

# Dollars for a million tokens: a dollar a token. What is above is a slip.
MOST_RATE = 1_000_000

SEEDS_HELP = (
    "A file of seeds: JSON, JSONL, CSV, TSV, Parquet, text or Markdown, also in gzip or zstd; or a folder of texts."
    " NAME=FILE for a set that `vary` draws from."
)
# As templates name them.
SEEDS_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SPLIT_HELP = "The most characters of a passage, where seeds are text or Markdown."
ENCODING_HELP = "The encoding of seeds that are neither UTF-8 nor marked, such as cp1252."
MODEL_HELP = "ALIAS=PROVIDER:MODEL, or PROVIDER:MODEL for every model of the template. May be given again."
PRICE_HELP = "MODEL=INPUT/OUTPUT in US dollars for a million tokens; 0/0 for your own hardware. May be given again."


Split = Annotated[int, Parameter(help=SPLIT_HELP, validator=validators.Number(gte=1, lte=1_000_000))]
Encoding = Annotated[str, Parameter(help=ENCODING_HELP)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    """What an order says besides its template and its number of records."""

    seeds: Annotated[
        tuple[str, ...], Parameter(help=SEEDS_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = ()
    split: Split = PLAIN_READING.split
    encoding: Encoding = PLAIN_READING.encoding
    model: Annotated[
        tuple[str, ...], Parameter(help=MODEL_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = ()
    price: Annotated[
        tuple[str, ...], Parameter(help=PRICE_HELP, negative=(), consume_multiple=False, show_default=False)
    ] = ()
    budget: Annotated[str | None, Parameter(help="The most it may cost, in US dollars.")] = None
    random_seed: Annotated[int | None, Parameter(help="Another number gives other draws. 0 when left out.")] = None
    concurrency: Annotated[
        int | None, Parameter(help="The most calls in flight at once.", validator=validators.Number(gte=1))
    ] = None


def read_template(path: Path) -> str:
    """The template's text. Raises BadInputError when there is no such file, it is too large or it is not UTF-8."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_SOURCE_BYTES + 1)
        if len(source) > MAX_SOURCE_BYTES:
            raise BadInputError(f"{path} is too large for a template: at most {MAX_SOURCE_BYTES:,} bytes are read.")
        # As text files are read: however a line ends, it ends with a line feed.
        return source.decode().replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError as error:
        raise BadInputError(f"There is no template {path}.") from error
    except IsADirectoryError as error:
        raise BadInputError(f"{path} is not a template: it is a folder.") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not a template: it is no text in UTF-8.") from error


def parse_seeds(texts: Iterable[str]) -> Mapping[str, Path]:
    """Seed files by the name of their set; the one of the seeds themselves is "". Raises BadInputError."""
    files: dict[str, Path] = {}
    for text in texts:
        name, file = _name_and_file(text)
        if name in files:
            which = f" for {name!r}" if name else ""
            raise BadInputError(f"Give one seeds file{which}: there are several.")
        if not file.exists():
            raise BadInputError(f"There is no seeds file {file}.")
        files[name] = file
    return files


def parse_models(texts: Iterable[str]) -> Mapping[str, ModelName]:
    """What the template's models stand for; "" is for all of them. Raises BadInputError."""
    aliases = {}
    for text in texts:
        alias, _, model = text.partition("=")
        if ":" in alias:
            # A model's name may have an equals sign of its own; an alias has no colon.
            alias, model = "", text
        if not model or ":" not in model:
            raise BadInputError(f"{text!r} is no model: write ALIAS=PROVIDER:MODEL, such as cheap=openai:gpt-4.1-mini.")
        aliases[alias] = ModelName(model)
    return aliases


def parse_prices(texts: Iterable[str]) -> Mapping[ModelName, Rates]:
    """The user's own prices by model. Raises BadInputError."""
    return dict(_parse_price(text) for text in texts)


def parse_budget(text: str | None) -> NanoUsd | None:
    """The budget, when one is given. Raises BadInputError."""
    return None if text is None else parse_usd(text.removeprefix("$"))


def _name_and_file(text: str) -> tuple[str, Path]:
    # A file whose name has an equals sign is a file first.
    name, equals, file = text.partition("=")
    is_named = equals and SEEDS_NAME.fullmatch(name) and not Path(text).exists()
    return (name, Path(file)) if is_named else ("", Path(text))


def _parse_price(text: str) -> tuple[ModelName, Rates]:
    model, _, rates = text.rpartition("=")
    try:
        given, made = (Decimal(rate) for rate in rates.split("/"))
    except (ValueError, InvalidOperation) as error:
        raise BadInputError(_no_price(text)) from error
    if not model or not all(rate.is_finite() and 0 <= rate <= MOST_RATE for rate in (given, made)):
        raise BadInputError(_no_price(text))
    return ModelName(model), rates_of(given, made)


def _no_price(text: str) -> str:
    return (
        f"{text!r} is no price: write MODEL=INPUT/OUTPUT, such as openai:mine=0.40/1.60, or 0/0 when it costs nothing."
    )
