"""A model's test is a job like all others: with a budget, a bill, and an end that need not be waited for."""

from typing import Any

import pytest

from gristmill.api.routes import settings
from support.answers import all_items, check_forms, nano
from support.api import problem
from support.milled import PRICED, Milled


def test_an_answer_that_takes_long_is_looked_at_later(milled: Milled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "WAIT_SECONDS", 0.0)
    shown = milled.bob.made("/models/test", {"model": PRICED})
    job = shown["job"]
    assert (job["kind"], job["status"], job["money"]["budget_usd"], shown["items"]) == ("test", "queued", "0.05", [])
    assert check_forms(shown)
    ended = milled.bob.mill(job["id"])
    assert ended["finished_at"]
    entries = all_items(milled.bob, f"/jobs/{job['id']}/ledger")
    assert sum(nano(entry["cost_usd"]) for entry in entries) == nano(ended["money"]["billed_usd"]) > 0
    assert job["id"] not in {one["id"] for one in milled.bob.get("/jobs").json()["items"]}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": "bogus:x"}, "unknown_model"),
    ({"model": PRICED, "budget_usd": "0.0000001"}, "budget_too_small"),
    ({"model": ""}, "invalid_request"),
    ({"model": "x" * 257}, "invalid_request"),
    ({"model": PRICED, "budget_usd": "-1"}, "invalid_request"),
    ({}, "invalid_request"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_test_that_cannot_be_is_refused(milled: Milled, body: dict[str, Any], code: str) -> None:
    problem(milled.bob.post("/models/test", body), 422, code)
