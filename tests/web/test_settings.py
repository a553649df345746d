"""One's own account, keys and models, by the pages."""

import re
from typing import Any

import pytest

from gristmill.web.routes import models
from support.api import Api, open_api
from support.api_worker import working
from support.people import PASSWORD
from support.web import Visitor, text_of

NEW = "a newer horse battery"
MINE = "openai:mine"
OUTSIDE = "https://llm.example.org/v1"


def test_the_account_and_its_limits_are_shown(admin: Visitor, ann: Visitor) -> None:
    user = ann.api.get("/auth/me").json()["id"]
    admin.api.ask("PATCH", f"/admin/users/{user}", json={"limits": {"budget_usd": "12.50", "running_jobs": 3}})
    page = ann.page("/settings")
    assert "ann@example.org" in page
    assert "Most that all jobs may cost $12.50" in page
    assert "3; more wait in line" in page


def test_a_password_is_changed(ann: Visitor) -> None:
    form = {"current_password": PASSWORD, "password": NEW}
    assert ann.done("/settings/password", form) == "/settings?done=password-changed"
    assert "Your password is changed" in ann.page("/settings?done=password-changed")
    assert ann.post("/login", {"email": "ann@example.org", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"current_password": "wrong horse battery", "password": NEW}, 401, "is wrong"),
        ({"current_password": PASSWORD, "password": "short"}, 422, "has 10 to 1,024 characters"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why_and_keeps_the_login(
    ann: Visitor, form: dict[str, str], status: int, words: str
) -> None:
    answer = ann.post("/settings/password", form)
    assert answer.status_code == status
    assert words in text_of(answer)
    assert "horse" not in answer.text
    assert "ann@example.org" in ann.page("/settings")


def test_an_account_is_deleted_with_its_password_only(ann: Visitor) -> None:
    refused = ann.post("/settings/delete", {"password": "wrong horse battery"})
    assert (refused.status_code, "The account was not deleted" in text_of(refused)) == (401, True)
    assert "data-confirm=" in refused.text
    assert ann.done("/settings/delete", {"password": PASSWORD}) == "/login?done=account-deleted"
    assert ann.get("/settings").headers["location"].startswith("/login")


def test_the_last_admin_stays(admin: Visitor) -> None:
    assert admin.post("/settings/delete", {"password": PASSWORD}).status_code == 409


def test_a_key_is_shown_once_and_opens_the_api_until_it_is_revoked(ann: Visitor) -> None:
    assert "There is no key yet" in ann.page("/settings/keys")
    made = ann.post("/settings/keys", {"name": "ci", "scope": ["read"], "expires": "30 days"})
    assert made.status_code == 200
    secret = re.search(r"gmk_[\w-]+", made.text)
    assert secret is not None
    program = Api(ann.client, {"Authorization": f"Bearer {secret[0]}"})
    assert program.get("/jobs").status_code == 200
    assert program.post("/jobs", {}).status_code in {403, 422}
    page = ann.get("/settings/keys")
    assert secret[0] not in page.text
    assert f"…{secret[0][-4:]}" in page.text
    assert "in 4 weeks" in text_of(page) or "in 30 days" in text_of(page) or "in 1 month" in text_of(page)
    (path,) = re.findall(r'action="(/settings/keys/\w+/revoke)"', page.text)
    assert ann.done(path) == "/settings/keys?done=key-revoked"
    assert program.get("/jobs").status_code == 401
    assert "revoked" in ann.page("/settings/keys")


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"name": "", "scope": ["read"], "expires": "1 year"}, 422, "A key's name has 1 to 100 characters"),
        ({"name": "kept", "expires": "1 year"}, 422, "at least one scope"),
        ({"name": "kept", "scope": ["admin"], "expires": "never"}, 403, "cannot do more than you may"),
        ({"name": "kept", "scope": ["odd"], "expires": "never"}, 422, "scopes read, write or admin"),
        ({"name": "kept", "scope": ["read"], "expires": "a while"}, 422, "until when"),
    ],
)
def test_a_key_that_cannot_be_says_why(ann: Visitor, form: dict[str, Any], status: int, words: str) -> None:
    answer = ann.post("/settings/keys", form)
    assert answer.status_code == status
    assert words in text_of(answer)
    assert f'value="{form["name"]}"' in answer.text


def test_another_users_key_is_not_there_to_be_revoked(ann: Visitor, bob: Visitor) -> None:
    key = ann.api.made("/auth/keys", {"name": "ci"})["id"]
    assert bob.post(f"/settings/keys/{key}/revoke").status_code == 404


def aliases(**given: str) -> dict[str, str]:
    """Rows of aliases as the form sends them, with one that nothing was typed into."""
    rows = {"alias.99.name": "", "alias.99.model": ""}
    for number, (name, model) in enumerate(given.items()):
        rows |= {f"alias.{number}.name": name, f"alias.{number}.model": model}
    return rows


def model(number: int = 1, **given: str) -> dict[str, str]:
    return {f"model.{number}.{name}": text for name, text in {"name": MINE, "base_url": OUTSIDE, **given}.items()}


def kept(visitor: Visitor) -> Any:
    return visitor.api.get("/settings/models").json()


def test_aliases_are_set_and_emptied(ann: Visitor) -> None:
    form = aliases(cheap="scripted:demo", grader="scripted:demo?seed=2")
    assert ann.done("/settings/models", form) == "/settings/models?done=models-saved"
    assert kept(ann)["aliases"] == {"cheap": "scripted:demo", "grader": "scripted:demo?seed=2"}
    page = ann.get("/settings/models")
    assert 'value="scripted:demo?seed=2"' in page.text
    assert 'placeholder="local:smollm2"' in page.text
    ann.done("/settings/models", aliases(cheap="", grader="scripted:demo"))
    assert kept(ann)["aliases"] == {"grader": "scripted:demo"}


def test_a_model_of_ones_own_keeps_its_key_while_its_address_stays(ann: Visitor) -> None:
    form = model(api_key="sk-of-a-test", input_usd="0.4", output_usd="1.6", context="32768", rpm="60")
    ann.done("/settings/models", form)
    page = ann.get("/settings/models")
    assert "sk-of-a-test" not in page.text
    assert "kept" in page.text
    assert "$0.40" in text_of(page)
    ann.done("/settings/models", model(api_key="", input_usd="0.5", output_usd="1.6"))
    stands = kept(ann)["models"][MINE]
    assert (stands["has_api_key"], stands["input_usd"], stands["rpm"]) == (True, "0.5", None)
    ann.done("/settings/models", model(api_key="", base_url="https://else.example.org/v1"))
    assert kept(ann)["models"][MINE]["has_api_key"] is False


def test_a_key_is_forgotten_and_a_model_removed(ann: Visitor) -> None:
    ann.done("/settings/models", model(api_key="sk-of-a-test"))
    ann.done("/settings/models", model(api_key="", clear_key="yes"))
    assert kept(ann)["models"][MINE]["has_api_key"] is False
    ann.done("/settings/models", model(remove="yes"))
    assert kept(ann)["models"] == {}


def test_a_model_without_a_price_says_how_to_give_one(ann: Visitor) -> None:
    ann.done("/settings/models", model())
    page = ann.page("/settings/models")
    assert "Nothing says what it costs, so it is never called. Give its price below" in page
    assert "--price" not in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (model(base_url="http://127.0.0.1/v1"), "127.0.0.1"),
        (model(base_url=""), "needs a base_url or an api_key"),
        (model(input_usd="0.1"), "needs both"),
        (model(input_usd="cheap"), "openai:mine: Write US dollars in digits"),
        (model(rpm="0"), "openai:mine: Write a whole number"),
        ({**model(1), **model(2)}, "stands there twice"),
        (aliases(**{"no alias": "scripted:demo"}), "is no alias"),
        (aliases(cheap="smollm2"), "is no model"),
    ],
)
def test_models_that_cannot_be_kept_say_why_and_what_was_typed_stays(
    ann: Visitor, form: dict[str, str], words: str
) -> None:
    answer = ann.post("/settings/models", {**form, "alias.7.name": "typed", "alias.7.model": "scripted:slow"})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="scripted:slow"' in answer.text
    assert kept(ann) == {"aliases": {}, "models": {}}


def test_a_model_is_asked_with_and_without_scripts(ann: Visitor) -> None:
    ann.done("/settings/models", aliases(cheap="scripted:demo"))
    with working(ann.api):
        part = ann.post("/settings/models/test", {"model": "scripted:demo"}, headers={"HX-Request": "true"})
        page = ann.post("/settings/models/test", {"model": "scripted:demo?seed=9"})
    for answer in (part, page):
        assert answer.status_code == 200
        assert "tokens in" in text_of(answer)
        assert "<blockquote>" in answer.text
    assert "<html" not in part.text
    assert "Models of your own" in text_of(page)


def test_a_model_that_cannot_be_asked_says_why(ann: Visitor) -> None:
    answer = ann.post("/settings/models/test", {"model": "bogus:x"})
    assert answer.status_code == 422
    assert "No usable answer." in text_of(answer)
    assert 'value="bogus:x"' in answer.text
    part = ann.post("/settings/models/test", {"model": ""}, headers={"HX-Request": "true"})
    assert "No usable answer." in text_of(part)


def test_an_answer_that_takes_long_is_looked_at_later(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "WAIT_SECONDS", 0.0)
    answer = ann.post("/settings/models/test", {"model": "scripted:demo"}, headers={"HX-Request": "true"})
    assert "The test goes on as a job" in text_of(answer)


def test_where_no_accounts_are_nothing_asks_for_a_password(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_api(tmp_path, monkeypatch, AUTH="none") as client:
        sole = Visitor(client=client, api=Api(client, {}))
        assert "asks for no account" in sole.page("/settings")
        assert 'type="password"' not in sole.get("/settings").text
        assert "No key is needed" in sole.page("/settings/keys")
        assert "gristmill.toml says it here" in sole.page("/settings/models")
        assert sole.post("/settings/models", aliases(cheap="scripted:demo")).status_code == 403
