"""The whole of it once: two people, a job each, from signing up to taking leave."""

import json

from starlette.testclient import TestClient

from support.answers import all_items, nano
from support.api import TEMPLATE, Api, join, problem
from support.streaming import events_of


def test_two_people_make_a_dataset_each_and_see_nothing_of_each_other(client: TestClient) -> None:
    ann, bob = join(client, "ann@example.org"), join(client, "bob@example.org")
    jobs = {who.headers["Authorization"]: tell(who) for who in (ann, bob)}
    for who, other in ((ann, bob), (bob, ann)):
        mine, theirs = (jobs[one.headers["Authorization"]] for one in (who, other))
        assert [item["id"] for item in who.get("/jobs").json()["items"]] == [mine]
        for path in ("", "/records", "/records/0", "/rejects", "/ledger", "/statistics", "/events", "/exports"):
            problem(who.get(f"/jobs/{theirs}{path}"), 404, "not_found")
        assert {item["job"] for item in who.get("/stats/costs?by=job").json()["items"]} == {mine}
        take_leave(who, mine)


def tell(who: Api) -> str:
    """Everything that somebody does with one job."""
    template, seeds = who.template(TEMPLATE), who.seeds()
    order = {"template": template, "seeds": seeds, "records": 3, "random_seed": 5, "name": "cities"}
    assert who.made("/jobs/estimate", {k: v for k, v in order.items() if k != "name"})["records"] == 3
    key = {"Idempotency-Key": "story-1"}
    job = str(who.made("/jobs", order, headers=key)["id"])
    assert who.made("/jobs", order, headers=key)["id"] == job
    assert who.made(f"/jobs/{job}/pause")["status"] == "paused"
    assert who.made(f"/jobs/{job}/resume")["status"] == "queued"
    assert who.mill(job)["status"] == "completed"
    assert who.made(f"/jobs/{job}/extend", {"records": 4})["status"] == "queued"
    ended = who.mill(job)
    assert ended["records"] == {**ended["records"], "asked": 4, "accepted": 4}
    look_at(who, job)
    return job


def look_at(who: Api, job: str) -> None:
    """Every page about the job says the same of it."""
    records = all_items(who, f"/jobs/{job}/records", limit=3)
    assert [item["slot"] for item in records] == [0, 1, 2, 3]
    assert who.get(f"/jobs/{job}/records/3").json()["record"] == records[3]["record"]
    assert who.ask("PUT", f"/jobs/{job}/marks", json={"slots": [1], "mark": "bad"}).status_code == 204
    assert [item["slot"] for item in who.get(f"/jobs/{job}/records?mark=bad").json()["items"]] == [1]
    entries = all_items(who, f"/jobs/{job}/ledger", limit=200)
    assert sum(nano(entry["cost_usd"]) for entry in entries) == nano(who.get("/stats").json()["billed_usd"])
    assert who.get(f"/jobs/{job}/statistics").json()["counted"] == 4
    assert events_of(who.get(f"/jobs/{job}/events").text)[-1].event == "end"
    export = who.made(f"/jobs/{job}/exports", {"format": "jsonl"})
    lines = who.get(f"/exports/{export['id']}/download").text.splitlines()
    assert [json.loads(line) for line in lines] == [item["record"] for item in records]


def take_leave(who: Api, job: str) -> None:
    """The job goes, its costs stay."""
    calls = who.get("/stats").json()["calls"]
    assert who.ask("DELETE", f"/jobs/{job}").status_code == 204
    assert who.get("/jobs").json()["items"] == []
    assert who.get("/stats").json()["calls"] == calls > 0
    assert who.post("/auth/logout").status_code == 204
    problem(who.get("/jobs"), 401, "unauthenticated")
