"""What users say of models over HTTP, and which addresses a server will never call for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from gristmill.adapters.sealing import FernetSealer
from support.api import Api, join, open_api, problem
from support.api_accounts import accounts_with, rules_with
from support.api_worker import working

MINE = "openai:mine"
OUTSIDE = "https://llm.example.org/v1"
KEY = "sk-of-a-test"

INSIDE = (
    "http://127.0.0.1:8000/v1",
    "http://localhost/v1",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/v1",
    "http://[::ffff:127.0.0.1]/v1",
    "http://[::ffff:7f00:1]/v1",
    "http://[64:ff9b::7f00:1]/v1",
    "http://[fd00::1]/v1",
    "http://10.0.0.7/v1",
    "http://2130706433/v1",
    "http://0x7f.1/v1",
    "http://0177.0.0.1/v1",
    "http://127.1/v1",
    "http://0/v1",
    "http://metadata.google.internal/v1",
    "http://printer.local/v1",
    "http://localhost./v1",
    "http://１２７.0.0.1/v1",
)
NO_ADDRESSES = (
    "file:///etc/passwd",
    "gopher://llm.example.org",
    "https://user:secret@llm.example.org",
    "https://llm.example.org/v1?key=1",
    "https://llm.example.org\\@127.0.0.1",
    "https://llm.example.org/\r\nX-Forged: 1",
    "https://",
    "llm.example.org",
    "http://[::1",
    "http://llm.example.org:99999",
    "",
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("server"), patch) as client:
        yield join(client, "owner@example.org")


def put(who: Api, models: Any, aliases: Any = None) -> Any:
    return who.ask("PUT", "/settings/models", json={"models": models, "aliases": aliases or {}})


def test_models_are_described_and_shown_without_their_keys(owner: Api) -> None:
    described = {"base_url": OUTSIDE, "api_key": KEY, "input_usd": 0.15, "output_usd": "0.6", "rpm": 60}
    answer = put(owner, {MINE: described}, {"cheap": MINE})
    assert answer.status_code == 200
    assert KEY not in answer.text
    assert answer.json() == owner.get("/settings/models").json()
    shown = answer.json()["models"][MINE]
    assert (shown["base_url"], shown["has_api_key"], shown["rpm"]) == (OUTSIDE, True, 60)
    assert (shown["input_usd"], shown["output_usd"]) == ("0.15", "0.6")
    assert answer.json()["aliases"] == {"cheap": MINE}


def test_a_key_stays_while_its_address_does_and_goes_with_it(owner: Api) -> None:
    put(owner, {MINE: {"base_url": OUTSIDE, "api_key": KEY}})
    assert put(owner, {MINE: {"base_url": OUTSIDE, "rpm": 5}}).json()["models"][MINE]["has_api_key"]
    assert not put(owner, {MINE: {"base_url": "https://eve.example.org"}}).json()["models"][MINE]["has_api_key"]
    assert not put(owner, {MINE: {"base_url": OUTSIDE}}).json()["models"][MINE]["has_api_key"]


def test_the_models_that_can_be_named_are_listed_with_prices(owner: Api) -> None:
    put(owner, {MINE: {"base_url": OUTSIDE, "input_usd": 1, "output_usd": 2}}, {"cheap": MINE, "odd": "nobody:none"})
    listed = owner.get("/models").json()
    by_name = {item["model"]: item for item in listed["items"]}
    assert (by_name[MINE]["aliases"], by_name[MINE]["input_usd"], by_name[MINE]["output_usd"]) == (
        ["cheap"],
        "1.00",
        "2.00",
    )
    assert "nobody" in by_name["nobody:none"]["problem"]
    assert {"openai", "local", "scripted"} <= set(listed["providers"])


def test_keys_that_were_sealed_under_another_secret_are_said_to_be(owner: Api) -> None:
    put(owner, {MINE: {"base_url": OUTSIDE, "api_key": KEY}})
    with accounts_with(owner.client, sealer=FernetSealer.of("another secret of this server, made anew")):
        for answer in (owner.get("/models"), owner.post("/models/test", {"model": MINE})):
            assert "give the key again" in problem(answer, 422, "bad_input")["detail"]


def test_no_address_inside_is_taken(owner: Api) -> None:
    put(owner, {})
    for address in INSIDE:
        refused = problem(put(owner, {MINE: {"base_url": address}}), 422, "bad_input")
        assert "private network" in refused["detail"], address
    for address in NO_ADDRESSES:
        problem(put(owner, {MINE: {"base_url": address}}), 422, "bad_input")
    assert owner.get("/settings/models").json() == {"aliases": {}, "models": {}}


def test_a_server_may_allow_addresses_inside(owner: Api) -> None:
    with rules_with(owner.client, allow_private_models=True):
        assert put(owner, {MINE: {"base_url": "http://127.0.0.1:8000/v1"}}).status_code == 200
        problem(put(owner, {MINE: {"base_url": "file:///etc/passwd"}}), 422, "bad_input")


@pytest.mark.parametrize(
    "body",
    [
        {"models": {MINE: {}}},
        {"models": {"local:mine": {"base_url": OUTSIDE}}},
        {"models": {"none": {"base_url": OUTSIDE}}},
        {"models": {MINE: {"base_url": OUTSIDE, "input_usd": 1}}},
        {"models": {MINE: {"base_url": OUTSIDE, "input_usd": -1, "output_usd": 1}}},
        {"models": {MINE: {"base_url": OUTSIDE, "input_usd": "NaN", "output_usd": "Infinity"}}},
        {"models": {MINE: {"base_url": OUTSIDE, "context": 0}}},
        {"models": {MINE: {"base_url": OUTSIDE, "context": 2**63}}},
        {"models": {MINE: {"base_url": OUTSIDE, "api_key": "two\r\nlines"}}},
        {"models": {MINE: {"base_url": OUTSIDE, "key": KEY}}},
        {"models": {f"openai:{number}": {"base_url": OUTSIDE} for number in range(101)}},
        {"aliases": {"cheap": "none"}},
        {"aliases": {"\x00": MINE}},
        {"aliases": {"": MINE}},
        {"aliases": {"cheap": None}},
        {"aliases": [MINE]},
        {"odd": 1},
    ],
    ids=lambda body: str(body)[:60],
)
def test_models_that_cannot_be_are_refused(owner: Api, body: Any) -> None:
    answer = owner.ask("PUT", "/settings/models", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert KEY not in answer.text


def test_a_model_is_asked_one_short_question(owner: Api) -> None:
    put(owner, {}, {"cheap": "scripted:demo"})
    with working(owner):
        tried = owner.made("/models/test", {"model": "cheap", "budget_usd": "0.01"})
    assert (tried["job"]["kind"], tried["job"]["status"], tried["job"]["records"]["accepted"]) == (
        "test",
        "completed",
        1,
    )
    (item,) = tried["items"]
    assert item["steps"][0]["reply"]
    assert owner.get("/jobs").json()["items"] == []


@pytest.mark.parametrize("model", ["nobody:none", "balancd", "", "\x00", "openai:no-such-model"])
def test_a_model_that_nobody_answers_for_is_refused(owner: Api, model: str) -> None:
    answer = owner.post("/models/test", {"model": model})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].endswith((".", "`."))


def test_where_no_accounts_are_models_stand_in_the_settings_file(owner: Api) -> None:
    with rules_with(owner.client, auth="none"):
        assert "gristmill.toml" in problem(put(owner, {}), 403, "forbidden")["detail"]
        assert owner.get("/models").status_code == 200
