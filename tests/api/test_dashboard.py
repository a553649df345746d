"""The numbers of a dashboard: sums of all ledgers, exact to the nano-dollar, whatever became of the jobs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from support.answers import all_items, check_forms, nano
from support.api import SEEDS, TEMPLATE, Api, join, problem
from support.milled import PRICED, Milled

FACETS = ("day", "model", "template", "job")


@dataclass(frozen=True, slots=True)
class Spender:
    """Somebody with a few jobs, one of them deleted, and every entry of their ledgers with what it belongs to."""

    api: Api
    entries: list[dict[str, Any]]
    jobs: list[str]


@pytest.fixture(scope="module")
def spender(milled: Milled) -> Iterator[Spender]:
    api = join(milled.client, "dora@example.org")
    templates = {
        "capitals": api.template(),
        "places": api.template(TEMPLATE.replace("name: capitals", "name: places")),
    }
    seeds, entries, jobs = api.seeds(SEEDS), list[dict[str, Any]](), list[str]()
    for name, records in (("capitals", 2), ("places", 3), ("places", 1)):
        order = {"template": templates[name], "seeds": seeds, "records": records, "budget_usd": "1"}
        job = str(api.made("/jobs", order)["id"])
        api.mill(job)
        jobs.append(job)
        entries += [
            {**entry, "job": job, "template": name, "day": entry["at"][:10]}
            for entry in all_items(api, f"/jobs/{job}/ledger", limit=200)
        ]
    assert api.ask("DELETE", f"/jobs/{jobs[-1]}").status_code == 204
    yield Spender(api, entries, jobs)


@pytest.mark.parametrize("by", ["day", "model", "template", "job", "template,model", "job,day,template,model"])
def test_costs_are_the_sums_of_the_ledgers(spender: Spender, by: str) -> None:
    shown = spender.api.get(f"/stats/costs?by={by}").json()
    facets = [facet for facet in FACETS if facet in by.split(",")]
    calls, billed = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for entry in spender.entries:
        key = tuple(entry[facet] for facet in facets)
        calls[key] += 1
        billed[key] += nano(entry["cost_usd"])
    told = {tuple(item[facet] for facet in facets): item for item in shown["items"]}
    assert {key: item["calls"] for key, item in told.items()} == calls
    assert {key: nano(item["billed_usd"]) for key, item in told.items()} == billed
    assert nano(shown["totals"]["billed_usd"]) == billed.total() > 0
    assert shown["totals"]["calls"] == len(spender.entries)
    assert check_forms(shown) == 2 * len(told) + 2
    assert all({*FACETS} & {*item} == {*facets} for item in shown["items"])


def test_everything_in_numbers_equals_the_ledgers_of_all_jobs(spender: Spender) -> None:
    shown = spender.api.get("/stats").json()
    assert nano(shown["billed_usd"]) == sum(nano(entry["cost_usd"]) for entry in spender.entries)
    assert shown["calls"] == len(spender.entries)
    for kind in ("input", "output"):
        assert shown["tokens"][kind] == sum(entry["tokens"][kind] for entry in spender.entries)
    assert (shown["presumed_usd"], shown["lost_usd"], shown["held_usd"]) == ("0.00", "0.00", "0.00")
    assert check_forms(shown) == 4


def test_jobs_and_records_are_counted_as_they_stand(spender: Spender) -> None:
    shown = spender.api.get("/stats").json()
    kept = [spender.api.get(f"/jobs/{job}").json() for job in spender.jobs[:-1]]
    assert shown["jobs"]["completed"] >= len(kept)
    assert shown["records"] >= sum(job["records"]["accepted"] for job in kept)


def test_costs_are_told_of_some_days(spender: Spender) -> None:
    day = spender.entries[0]["day"]
    for spell in (f"from={day}", f"from={day}&to=2999-01-01", "from=2000-01-01", "to=2999-01-01"):
        assert spender.api.get(f"/stats/costs?by=model&{spell}").json()["totals"]["calls"] == len(spender.entries)
    for spell in ("from=2999-01-01", "to=2000-01-01", f"from={day}&to=2000-01-01"):
        assert spender.api.get(f"/stats/costs?{spell}").json() == {
            "items": [],
            "totals": {"calls": 0, "billed_usd": "0.00", "presumed_usd": "0.00"},
        }


def test_nothing_of_others_is_told(milled: Milled, spender: Spender) -> None:
    jobs = {item["job"] for item in spender.api.get("/stats/costs?by=job").json()["items"]}
    assert jobs == set(spender.jobs)
    assert milled.bob.get("/stats").json()["billed_usd"] == "0.00"
    models = {item["model"] for item in spender.api.get("/stats/costs?by=model").json()["items"]}
    assert models == {PRICED}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("by=user", "bad_input"),
        ("by=day;model", "bad_input"),
        ("from=yesterday", "invalid_request"),
        ("to=2026-13-01", "invalid_request"),
        (f"by={'x' * 101}", "invalid_request"),
    ],
)
def test_costs_that_cannot_be_asked_for_are_refused(milled: Milled, query: str, code: str) -> None:
    problem(milled.ann.get(f"/stats/costs?{query}"), 422, code)
