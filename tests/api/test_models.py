"""Models over HTTP: which can be named, what they cost, and whether one answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gristmill.api.routes import settings
from support.answers import check_forms
from support.api import Api, join, problem
from support.milled import FREE, PRICED, Milled


@pytest.fixture(scope="module")
def gus(milled: Milled) -> Iterator[Api]:
    """Somebody with aliases of their own."""
    api = join(milled.client, "gus@example.org")
    aliases = {"cheap": FREE, "premium": PRICED, "balanced": "openai:mine"}
    answer = api.ask("PUT", "/settings/models", json={"aliases": aliases, "models": {}})
    assert answer.status_code == 200, answer.text
    yield api


def test_models_are_listed_with_aliases_prices_and_what_hinders_them(gus: Api) -> None:
    shown = gus.get("/models").json()
    told = {item["model"]: item for item in shown["items"]}
    assert {name: item["aliases"] for name, item in told.items()} == {
        FREE: ["cheap"],
        PRICED: ["premium"],
        "openai:mine": ["balanced"],
    }
    assert (told[PRICED]["input_usd"], told[PRICED]["output_usd"], told[PRICED]["problem"]) == ("0.15", "0.60", "")
    assert (told[FREE]["input_usd"], told[FREE]["price_table"]) == ("0.00", "free")
    assert "OPENAI_API_KEY" in told["openai:mine"]["problem"]
    assert told["openai:mine"]["input_usd"] is None
    assert {"openai", "scripted", "local"} <= set(shown["providers"])
    assert check_forms(shown) == 4


def ask(who: Api, **body: Any) -> Any:
    """The answer to a test, with somebody who makes its record meanwhile."""
    before = {job["id"] for job in who.get("/jobs?kind=test").json()["items"]}
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(who.post, "/models/test", body)
        while not (new := [job["id"] for job in who.get("/jobs?kind=test").json()["items"] if job["id"] not in before]):
            assert not asked.done(), asked.result().text
        who.mill(new[0])
        return asked.result()


def test_a_model_is_asked_one_question_as_a_job_of_its_own(gus: Api) -> None:
    answer = ask(gus, model="premium", budget_usd="0.01")
    assert answer.status_code == 200
    shown = answer.json()
    job, (item,) = shown["job"], shown["items"]
    assert (job["kind"], job["money"]["budget_usd"], bool(job["finished_at"])) == ("test", "0.01", True)
    assert job["models"] == {"tested": PRICED}
    assert item["steps"][0]["reply"]
    assert check_forms(shown) > 6
    assert gus.get("/stats").json()["billed_usd"] == job["money"]["billed_usd"] != "0.00"
    assert job["id"] not in {one["id"] for one in gus.get("/jobs").json()["items"]}


def test_an_answer_that_takes_long_is_looked_at_later(gus: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "WAIT_SECONDS", 0.0)
    shown = gus.made("/models/test", {"model": FREE})
    assert (shown["job"]["status"], shown["job"]["money"]["budget_usd"], shown["items"]) == ("queued", "0.05", [])
    assert gus.mill(shown["job"]["id"])["finished_at"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": "bogus:x"}, "unknown_model"),
    ({"model": "balanced"}, "unknown_model"),
    ({"model": "nothing"}, "unknown_model"),
    ({"model": PRICED, "budget_usd": "0.0000001"}, "budget_too_small"),
    ({"model": ""}, "invalid_request"),
    ({"model": "x" * 257}, "invalid_request"),
    ({"model": PRICED, "budget_usd": "-1"}, "invalid_request"),
    ({}, "invalid_request"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_model_that_cannot_be_asked_is_refused(gus: Api, body: dict[str, Any], code: str) -> None:
    problem(gus.post("/models/test", body), 422, code)
