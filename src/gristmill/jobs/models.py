"""What the model names of a template stand for, and what they charge: settled once for each job."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from gristmill.domain.completion import ModelName
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Model
from gristmill.domain.money import show_usd
from gristmill.errors import BadInputError, BudgetRequiredError, UnknownModelError
from gristmill.ports.models import Prices
from gristmill.recipes import Recipe

# No key found in the environment starts spending by itself: until they are set, the aliases cost nothing.
LOCAL_MODEL = ModelName("local:smollm2")
STARTING_ALIASES: Mapping[str, ModelName] = dict.fromkeys(("cheap", "balanced", "premium"), LOCAL_MODEL)


def resolve_aliases(recipe: Recipe, aliases: Mapping[str, ModelName]) -> Mapping[str, ModelName]:
    """The model behind each name the template uses. Raises UnknownModelError for a name nothing stands behind."""
    return {used: _resolve(used, aliases) for used in sorted(recipe.models)}


def check_aliases(recipe: Recipe, given: Sequence[str]) -> None:
    """Raise UnknownModelError when the user set a model for a name that the template does not use."""
    for name in given:
        if name and name not in recipe.models:
            uses = " and ".join(sorted(recipe.models)) or "no model"
            raise UnknownModelError(f"The template has no model called {name!r}: it uses {uses}.")


def find_models(aliases: Mapping[str, ModelName], prices: Prices) -> Mapping[ModelName, Model]:
    """Each model with its price and limits as of now. Raises UnknownModelError and UnknownPriceError."""
    return {name: prices.find_model(name) for name in sorted(set(aliases.values()))}


def list_models(aliases: Mapping[str, ModelName], described: Iterable[ModelName], prices: Prices) -> list[JsonObject]:
    """The models that aliases name or that are described, each with its price for a million tokens or a problem."""
    names = sorted({*aliases.values(), *described})
    return [_listed(name, sorted(alias for alias in aliases if aliases[alias] == name), prices) for name in names]


def _listed(name: ModelName, aliases: Sequence[str], prices: Prices) -> JsonObject:
    listed: JsonObject = {"model": name, "aliases": [*aliases]}
    try:
        model = prices.find_model(name)
    except BadInputError as error:
        unknown = dict.fromkeys(("input_usd", "output_usd", "price_table", "context"))
        return {**listed, **unknown, "problem": str(error)}
    rates = model.price.rates
    return {
        **listed,
        "input_usd": show_usd(rates.input),
        "output_usd": show_usd(rates.output),
        "price_table": model.price.table,
        "context": model.limits.context,
        "problem": "",
    }


def require_budget(models: Mapping[ModelName, Model]) -> None:
    """Raise BudgetRequiredError when a call to any of the models can cost anything."""
    priced = [name for name, model in models.items() if not model.price.is_free]
    if priced:
        verb = "costs" if len(priced) == 1 else "cost"
        raise BudgetRequiredError(
            f"{' and '.join(priced)} {verb} money, so the job needs a budget. An estimate says how much it will likely"
            " be; give the most that it may spend, in US dollars.",
            at_shell="--budget 2.50",
        )


def _resolve(used: str, aliases: Mapping[str, ModelName]) -> ModelName:
    if used in aliases:
        return aliases[used]
    if "" in aliases:
        return aliases[""]
    if ":" in used:
        return ModelName(used)
    near = difflib.get_close_matches(used, aliases, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else " Name one."
    raise UnknownModelError(
        f"The template asks for the model {used!r}, and nothing says what it stands for.{hint}",
        at_shell="" if near else f"--model {used}=PROVIDER:MODEL",
    )
