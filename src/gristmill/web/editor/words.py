"""The words that the editor completes: what the template language knows, and what its author has."""

from collections.abc import Mapping, Sequence
from typing import Final

from gristmill.accounts import models as user_models
from gristmill.domain.ids import Digest
from gristmill.domain.json import Json, JsonObject
from gristmill.jobs.models import list_models
from gristmill.library.seeds import read_rows
from gristmill.recipes import template_schema
from gristmill.recipes.vocabulary import filters_told, own_filters
from gristmill.server.caller import Caller

# Of a value only so much is shown that one knows it again.
SAMPLE_CHARACTERS: Final = 60
SAMPLE_DEPTH: Final = 6
SAMPLE_FIELDS: Final = 100


async def words_for(caller: Caller, seeds: Mapping[str, str]) -> JsonObject:
    """What can be completed: the language's keys and filters, the caller's models, and a row of each seed set."""
    own = own_filters()
    filters: Json = [{"name": name, "says": says, "own": name in own} for name, says in filters_told().items()]
    rows = {name: await _first_row(key, caller) for name, key in seeds.items() if key}
    return {"schema": template_schema(), "filters": filters, "models": await _models(caller), "rows": {**rows}}


async def model_names(caller: Caller) -> Sequence[str]:
    """The aliases and models that the caller can name."""
    own = await user_models.read_models(caller.principal, caller.service.accounts)
    aliases = await caller.service.aliases(caller.user)
    return sorted({*aliases, *aliases.values(), *own.models})


async def _models(caller: Caller) -> list[Json]:
    own = await user_models.read_models(caller.principal, caller.service.accounts)
    aliases = await caller.service.aliases(caller.user)
    listed = list_models(aliases, own.models, await caller.service.prices(caller.user))
    said: dict[str, str] = {str(one["model"]): _price(one) for one in listed}
    return [
        *({"name": alias, "says": f"{model} · {said[model]}"} for alias, model in sorted(aliases.items())),
        *({"name": model, "says": says} for model, says in sorted(said.items())),
    ]


def _price(listed: JsonObject) -> str:
    if listed["problem"]:
        return "cannot be called"
    prices = (listed["input_usd"], listed["output_usd"])
    return "free" if prices == ("0.00", "0.00") else f"${prices[0]} in, ${prices[1]} out per million tokens"


async def _first_row(key: str, caller: Caller) -> JsonObject:
    page = await read_rows(Digest(key), caller.user, caller.service.store, caller.service.blobs, limit=1)
    sample = _sample(page.items[0]) if page.items else {}
    return sample if isinstance(sample, dict) else {}


def _sample(value: Json, depth: int = SAMPLE_DEPTH) -> Json:
    match value:
        case str():
            return value[:SAMPLE_CHARACTERS]
        case dict() if depth:
            return {name: _sample(inner, depth - 1) for name, inner in [*value.items()][:SAMPLE_FIELDS]}
        case list() if depth:
            return [_sample(inner, depth - 1) for inner in value[:1]]
        case dict() | list():
            return None
        case _:
            return value
