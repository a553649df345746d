"""What a user says of models: kept with their keys sealed, and given back without them."""

from collections.abc import Mapping
from dataclasses import replace

from gristmill.accounts.authenticate import require
from gristmill.accounts.ports import AccountPorts
from gristmill.domain.account import SOLE, Principal
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.completion import ModelName
from gristmill.domain.json import JsonObject
from gristmill.domain.user_models import UserModel, UserModels, check_user_models
from gristmill.errors import BadInputError, ForbiddenError

LONGEST_KEY = 1024


async def read_models(principal: Principal, ports: AccountPorts) -> UserModels:
    """The user's aliases and models; of a key nothing but `has_api_key` may be shown."""
    require(principal, "read")
    return await ports.store.read_models(principal.user)


async def set_models(
    principal: Principal, wanted: UserModels, keys: Mapping[ModelName, str], origin: Origin, ports: AccountPorts
) -> UserModels:
    """Replace the user's aliases and models. `keys` are new API keys by model: "" removes one.

    A model without a new key keeps the one it has while its address stays: sent elsewhere, a kept key would be given
    away by whoever may write settings but never read the key. Raises BadInputError; ForbiddenError where no accounts
    are, for there gristmill.toml says it.
    """
    require(principal, "write")
    if principal.user == SOLE.user:
        raise ForbiddenError("This server has no accounts: describe models in gristmill.toml.")
    kept = await ports.store.read_models(principal.user)
    models = {name: _with_key(name, model, kept, keys, ports) for name, model in wanted.models.items()}
    checked = check_user_models(replace(wanted, models=models), allow_private=ports.rules.allow_private_models)
    entry = AuditEntry(
        action="models.changed", user=principal.user, subject=principal.user, origin=origin, fields=_names(checked)
    )
    await ports.store.write_models(principal.user, checked, entry)
    return checked


def _names(models: UserModels) -> JsonObject:
    return {"aliases": [*sorted(models.aliases)], "models": [*sorted(models.models)]}


def _with_key(
    name: ModelName, model: UserModel, kept: UserModels, keys: Mapping[ModelName, str], ports: AccountPorts
) -> UserModel:
    if name in keys:
        return replace(model, sealed_key=ports.sealer.seal(_plain_key(keys[name])) if keys[name] else "")
    before = kept.models.get(name)
    stays = before is not None and before.base_url == model.base_url
    return replace(model, sealed_key=before.sealed_key if before is not None and stays else "")


def _plain_key(key: str) -> str:
    # It becomes a header: nothing may end the line.
    if not key.isascii() or not key.isprintable() or " " in key or len(key) > LONGEST_KEY:
        raise BadInputError("An API key is one word of plain letters, digits and signs.")
    return key
