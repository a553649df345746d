"""What users say of models: keys sealed and never given back, addresses of the public internet only."""

from dataclasses import replace
from decimal import Decimal

import pytest

from gristmill.accounts.models import read_models, set_models
from gristmill.domain.account import SOLE, Principal
from gristmill.domain.completion import ModelName
from gristmill.domain.user_models import UserModel, UserModels
from gristmill.errors import BadInputError, ForbiddenError
from support.people import HERE, People

MINE = ModelName("openai:mine")
KEY = "sk-very-secret"
AT = UserModel(base_url="https://models.example.org/v1", input_usd=Decimal("0.10"), output_usd=Decimal("0.40"))


def one(model: UserModel = AT, name: ModelName = MINE) -> UserModels:
    return UserModels(aliases={"cheap": name}, models={name: model})


async def test_models_are_kept_as_they_were_given_and_a_key_is_not_given_back(people: People) -> None:
    ada = await people.enter()
    kept = await set_models(ada, one(), {MINE: KEY}, HERE, people.ports)
    assert await read_models(ada, people.ports) == kept
    assert kept.models[MINE].input_usd == Decimal("0.10")
    assert kept.models[MINE].has_api_key
    assert KEY not in repr(kept) + kept.models[MINE].sealed_key
    assert people.ports.sealer.unseal(kept.models[MINE].sealed_key) == KEY


async def test_a_key_stays_until_it_is_replaced_removed_or_would_be_sent_elsewhere(people: People) -> None:
    ada = await people.enter()
    await set_models(ada, one(), {MINE: KEY}, HERE, people.ports)
    again = await set_models(ada, one(replace(AT, input_usd=Decimal(1))), {}, HERE, people.ports)
    assert people.ports.sealer.unseal(again.models[MINE].sealed_key) == KEY
    elsewhere = await set_models(ada, one(replace(AT, base_url="https://example.net/v1")), {}, HERE, people.ports)
    assert not elsewhere.models[MINE].has_api_key
    await set_models(ada, one(), {MINE: KEY}, HERE, people.ports)
    assert not (await set_models(ada, one(), {MINE: ""}, HERE, people.ports)).models[MINE].has_api_key


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (one(replace(AT, base_url=None)), "base_url or an api_key of its own"),
        (one(name=ModelName("local:mine")), "only openai: models"),
        (one(name=ModelName("mine")), "PROVIDER:MODEL"),
        (one(replace(AT, output_usd=None)), "both input_usd and output_usd"),
        (one(replace(AT, input_usd=Decimal(-1))), "a price that is none"),
        (one(replace(AT, input_usd=Decimal("NaN"))), "a price that is none"),
        (UserModels(aliases={"no alias": MINE}), "is no alias"),
        (UserModels(aliases={f"a{n}": MINE for n in range(101)}), "room for 100"),
        (one(replace(AT, base_url="http://169.254.169.254/latest")), "private network"),
    ],
)
async def test_what_cannot_be_kept_is_refused(people: People, models: UserModels, words: str) -> None:
    ada = await people.enter()
    with pytest.raises(BadInputError, match=words):
        await set_models(ada, models, {}, HERE, people.ports)
    assert await read_models(ada, people.ports) == UserModels()


async def test_a_key_that_would_end_a_header_is_refused(people: People) -> None:
    with pytest.raises(BadInputError, match="one word"):
        await set_models(await people.enter(), one(), {MINE: "a\r\nHost: b"}, HERE, people.ports)


async def test_private_addresses_are_taken_where_the_owner_allows_them(people: People) -> None:
    allowed = people.ruled(lambda rules: replace(rules, allow_private_models=True))
    private = one(replace(AT, base_url="http://10.0.0.1:8000/v1"))
    await set_models(await people.enter(), private, {}, HERE, allowed)


async def test_who_may_only_read_changes_nothing_and_without_accounts_a_file_says_it(people: People) -> None:
    ada = await people.enter()
    reader = Principal(user=ada.user, scopes=frozenset({"read"}), key="k")
    for principal in (reader, SOLE):
        with pytest.raises(ForbiddenError):
            await set_models(principal, one(), {}, HERE, people.ports)
