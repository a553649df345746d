"""Orders over HTTP: estimated, placed, refused before anything is spent, listed, and placed once more."""

import re
from itertools import pairwise
from typing import Any

import pytest

from support.answers import all_items, check_forms
from support.api import join, log_in, problem
from support.milled import FREE, PRICED, RECORDS, Milled

JOB = {
    *(
        "id",
        "name",
        "kind",
        "status",
        "status_reason",
        "template",
        "seeds",
        "random_seed",
        "models",
        "records",
        "money",
    ),
    *("calls", "tokens", "records_per_second", "eta_seconds", "workers", "created_at", "started_at", "finished_at"),
}


def test_an_order_is_answered_with_the_whole_job(milled: Milled) -> None:
    made = milled.ann.post("/jobs", milled.priced("2.5", name="mine", version=1, random_seed=-7))
    assert made.status_code == 201
    job = made.json()
    assert set(job) == JOB
    assert (job["name"], job["kind"], job["status"], job["random_seed"]) == ("mine", "dataset", "queued", -7)
    assert job["template"] == {**job["template"], "id": milled.template, "name": "reviews", "version": 1}
    assert job["seeds"] == milled.seeds
    assert job["models"] == {"writer": PRICED, "grader": PRICED}
    assert job["records"] == {"asked": 2, "accepted": 0, "rejected": 0, "in_flight": None}
    assert job["money"] == {**dict.fromkeys(job["money"], "0.00"), "budget_usd": "2.50"}
    assert check_forms(job) == 6
    assert re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{8}", job["id"])
    assert milled.ann.get(f"/jobs/{job['id']}").json() == job


def test_what_is_left_out_of_an_order_has_its_default(milled: Milled) -> None:
    job = milled.ann.made("/jobs", milled.order())
    assert (job["name"], job["template"]["version"], job["random_seed"]) == ("reviews", 1, 0)
    assert job["money"]["budget_usd"] == "0.00"


def test_checks_of_an_order_stand_in_place_of_the_templates(milled: Milled) -> None:
    checks = [{"expect": "{{ record.tone == 'formal' }}", "reason": "not formal"}]
    job = milled.ordered(checks=checks, models={"writer": FREE}, records=4)
    ended = milled.ann.mill(job)
    tones = [item["record"]["tone"] for item in milled.ann.get(f"/jobs/{job}/records").json()["items"]]
    assert set(tones) == {"formal"}
    assert ended["models"] == {"writer": FREE}
    assert all(one["reason"] == "not formal" for one in milled.ann.get(f"/jobs/{job}/rejects").json()["reasons"])


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a model of no provider": ({"models": {"writer": "bogus:x", "grader": FREE}}, 422, "unknown_model"),
    "a model without its key": ({"models": {"writer": "openai:mine", "grader": FREE}}, 422, "unknown_model"),
    "a script that is none": ({"models": {"writer": "scripted:mad", "grader": FREE}}, 422, "unknown_model"),
    "nothing behind an alias": ({"models": None}, 422, "unknown_model"),
    "an alias that the template does not use": (
        {"models": {"writer": FREE, "grader": FREE, "other": FREE}},
        422,
        "unknown_model",
    ),
    "no budget": ({"models": {"writer": PRICED, "grader": FREE}}, 422, "budget_required"),
    "a budget below the first call": (
        {"models": {"writer": PRICED, "grader": PRICED}, "budget_usd": "0.000001"},
        422,
        "budget_too_small",
    ),
    "no seeds": ({"seeds": None}, 422, "invalid_seeds"),
    "checks that are none": ({"checks": [{"bogus": 1}]}, 422, "invalid_template"),
    "a kind that is not ordered": ({"kind": "seeds"}, 422, "invalid_request"),
    "no records": ({"records": 0}, 422, "invalid_request"),
    "too many records": ({"records": 10**9}, 422, "invalid_request"),
    "a name that is not known": ({"budget": 1}, 422, "invalid_request"),
    "a negative budget": ({"budget_usd": -1}, 422, "invalid_request"),
    "less than a nano-dollar": ({"budget_usd": "0.0000000001"}, 422, "invalid_request"),
    "no number": ({"budget_usd": "NaN"}, 422, "invalid_request"),
    "a seed of 64 bits": ({"random_seed": 2**63}, 422, "invalid_request"),
    "a template that is not there": ({"template": "nothing"}, 404, "not_found"),
    "a version that is not there": ({"version": 9}, 404, "not_found"),
    "a path in place of seeds": ({"seeds": "../../etc/passwd"}, 404, "not_found"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_an_order_that_cannot_be_is_refused_and_makes_no_job(milled: Milled, wrong: str) -> None:
    change, status, code = REFUSED[wrong]
    before = milled.ann.get("/jobs?limit=1").json()["items"][0]["id"]
    document = problem(milled.ann.post("/jobs", milled.order(**change)), status, code)
    assert code != "invalid_request" or document["errors"]
    assert milled.ann.get("/jobs?limit=1").json()["items"][0]["id"] == before


def test_seeds_and_templates_of_others_are_none(milled: Milled) -> None:
    bobs = {"template": milled.bob.template(), "seeds": milled.bob.seeds(), "models": {PRICED: FREE}, "records": 1}
    problem(milled.bob.post("/jobs", {**bobs, "template": milled.template}), 404, "not_found")
    problem(milled.bob.post("/jobs", {**bobs, "seeds": milled.seeds[""]}), 404, "not_found")
    problem(milled.bob.post("/jobs/estimate", {**bobs, "template": milled.template}), 404, "not_found")
    assert milled.bob.post("/jobs", bobs).status_code == 201


def test_an_order_past_a_limit_of_its_owner_is_refused(milled: Milled) -> None:
    admin, finn = log_in(milled.client, "admin@example.org"), join(milled.client, "finn@example.org")
    user = finn.get("/auth/me").json()["id"]
    assert admin.ask(
        "PATCH", f"/admin/users/{user}", json={"limits": {"budget_usd": "0.5", "running_jobs": None}}
    ).is_success
    order = {"template": finn.template(), "seeds": finn.seeds(), "records": 1}
    assert "$0.50" in problem(finn.post("/jobs", {**order, "budget_usd": "1"}), 403, "limit_reached")["detail"]
    job = finn.made("/jobs", {**order, "budget_usd": "0.5"})["id"]
    problem(finn.post(f"/jobs/{job}/clone"), 403, "limit_reached")
    problem(finn.post(f"/jobs/{job}/top-up", {"budget_usd": "0.6"}), 403, "limit_reached")


def test_a_model_whose_price_nobody_knows_is_refused(milled: Milled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    order = milled.order(models={"writer": "openai:never-heard-of", "grader": FREE}, budget_usd=1)
    assert "costs" in problem(milled.ann.post("/jobs", order), 422, "unknown_price")["detail"]


def test_an_order_that_cannot_be_read_says_so(milled: Milled) -> None:
    text = {"content-type": "application/json"}
    for body in (b"{", b"[]", b'"x"', b"\xff", b""):
        problem(milled.ann.ask("POST", "/jobs", content=body, headers=text), 422, "invalid_request")


def test_an_estimate_spends_and_orders_nothing(milled: Milled) -> None:
    before = milled.ann.get("/stats").json()
    shape = milled.ann.made("/jobs/estimate", milled.priced("1", records=1000))
    assert shape["records"] == 1000
    assert shape["acceptance"]["from"] == "assumed"
    assert check_forms(shape) == 7
    assert milled.ann.get("/stats").json() == before
    problem(milled.ann.post("/jobs/estimate", milled.order(seeds=None)), 422, "invalid_seeds")
    problem(milled.ann.post("/jobs/estimate", {}), 422, "invalid_request")


def test_a_pilot_makes_a_few_records_spread_over_the_order(milled: Milled) -> None:
    job = milled.ordered(kind="pilot", records=1000)
    assert milled.ann.mill(job)["records"]["asked"] == 20
    slots = sorted({item["slot"] for item in all_items(milled.ann, f"/jobs/{job}/records", status="all")})
    gaps = [second - first for first, second in pairwise([*slots, 1000])]
    assert (len(slots), slots[0]) == (20, 0)
    assert max(gaps) <= 100


def test_pilots_are_listed_apart_and_lists_go_on_where_they_ended(milled: Milled) -> None:
    earlier = {item["id"] for item in all_items(milled.ann, "/jobs", kind="pilot")}
    pilots = [milled.ordered(kind="pilot", name=f"pilot {i}") for i in range(3)]
    assert milled.ann.post(f"/jobs/{pilots[1]}/cancel").status_code == 200
    listed = [item["id"] for item in all_items(milled.ann, "/jobs", limit=1, kind="pilot")]
    assert {*listed} - earlier == {*pilots}
    whole = milled.ann.get("/jobs?kind=pilot").json()
    assert ([item["id"] for item in whole["items"]], whole["next_cursor"]) == (listed, None)
    cancelled = milled.ann.get("/jobs?kind=pilot&status=cancelled&status=paused").json()["items"]
    assert [item["id"] for item in cancelled] == [pilots[1]]
    assert not {*pilots} & {item["id"] for item in milled.ann.get("/jobs?limit=200").json()["items"]}
    assert milled.bob.get("/jobs?kind=pilot").json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "status=odd", "kind=odd"])
def test_a_list_that_cannot_be_asked_for_is_refused(milled: Milled, query: str) -> None:
    problem(milled.ann.get(f"/jobs?{query}"), 422, "invalid_request")


@pytest.mark.parametrize("cursor", ["x", "Li4vLi4", "%00", "'; DROP TABLE jobs; --", "AAAA"])
def test_a_cursor_that_was_never_given_out_is_refused(milled: Milled, cursor: str) -> None:
    problem(milled.ann.get("/jobs", params={"cursor": cursor}), 422, "invalid_cursor")


def test_a_clone_makes_the_same_records_byte_for_byte(milled: Milled) -> None:
    made = milled.ann.post(f"/jobs/{milled.job}/clone")
    assert made.status_code == 201
    clone = made.json()["id"]
    shown, first = milled.ann.mill(clone), milled.ann.get(f"/jobs/{milled.job}").json()
    for same in ("name", "template", "seeds", "random_seed", "models", "records", "tokens", "status"):
        assert shown[same] == first[same]
    assert first["records"]["asked"] == RECORDS
    records = [milled.ann.get(f"/jobs/{job}/records?limit=200").json()["items"] for job in (milled.job, clone)]
    told = [[(item["slot"], item["attempt"], str(item["record"])) for item in items] for items in records]
    assert told[0] == told[1]
    assert told[0]
