"""A hand on a job: paused, resumed, cancelled, topped up, extended and deleted, when its state allows it."""

from pathlib import Path

import pytest

from gristmill.domain.ids import JobId
from gristmill.domain.job import StopReason
from support.answers import check_forms
from support.api import problem
from support.milled import Milled


def files_of(milled: Milled, job: str) -> list[Path]:
    folder = milled.ann.service.settings.home_folder / "blobs" / "jobs" / job
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_job_is_paused_goes_on_and_is_cancelled(milled: Milled) -> None:
    job = milled.ordered()
    for verb, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled"), ("resume", "queued")):
        answer = milled.ann.post(f"/jobs/{job}/{verb}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert answer.json() == milled.ann.get(f"/jobs/{job}").json()
        assert check_forms(answer.json()) >= 6
    assert milled.ann.post(f"/jobs/{job}/resume").json()["status"] == "queued"


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_what_has_ended_cannot_be_stopped(milled: Milled, verb: str) -> None:
    assert "short" in problem(milled.ann.post(f"/jobs/{milled.job}/{verb}"), 409, "wrong_state")["detail"]


@pytest.mark.parametrize(("verb", "body"), [("resume", None), ("extend", {"records": 9})])
def test_a_job_that_is_stopping_does_not_go_on_before_it_has_stopped(
    milled: Milled, verb: str, body: dict[str, int] | None
) -> None:
    job, portal = milled.ordered(), milled.client.portal
    assert portal is not None
    portal.call(milled.ann.service.store.stop_job, JobId(job), StopReason.PAUSED)
    problem(milled.ann.post(f"/jobs/{job}/{verb}", body), 409, "wrong_state")
    problem(milled.ann.ask("DELETE", f"/jobs/{job}"), 409, "wrong_state")


def test_a_job_that_ran_out_of_money_goes_on_when_it_gets_more(milled: Milled) -> None:
    job = milled.ann.made("/jobs", milled.priced("0.0006", records=6))["id"]
    poor = milled.ann.mill(job)
    assert poor["status"] == "budget_exhausted"
    assert "budget" in poor["status_reason"]
    assert poor["records"]["accepted"] < 6
    assert poor["money"]["held_usd"] == "0.00"
    problem(milled.ann.post(f"/jobs/{job}/top-up", {"budget_usd": "0.000001"}), 422, "budget_too_small")
    rich = milled.ann.made(f"/jobs/{job}/top-up", {"budget_usd": "1"})
    assert (rich["status"], rich["money"]["budget_usd"], rich["status_reason"]) == ("queued", "1.00", "")
    ended = milled.ann.mill(job)
    assert ended["status"] in {"completed", "short"}
    assert ended["records"]["accepted"] > poor["records"]["accepted"]


def test_a_budget_may_be_set_while_a_job_waits(milled: Milled) -> None:
    job = milled.ann.made("/jobs", milled.priced("1"))["id"]
    topped = milled.ann.made(f"/jobs/{job}/top-up", {"budget_usd": 0.5})
    assert (topped["status"], topped["money"]["budget_usd"]) == ("queued", "0.50")
    for wrong in ("-1", "much", None, "1e99"):
        problem(milled.ann.post(f"/jobs/{job}/top-up", {"budget_usd": wrong}), 422, "invalid_request")


def test_a_job_that_has_ended_makes_more_and_keeps_what_it_made(milled: Milled) -> None:
    job = milled.ordered(records=2)
    ended = milled.ann.mill(job)
    made = milled.ann.get(f"/jobs/{job}/records").json()["items"]
    problem(milled.ann.post(f"/jobs/{job}/extend", {"records": 2}), 409, "wrong_state")
    problem(milled.ann.post(f"/jobs/{job}/extend", {"records": 0}), 422, "invalid_request")
    more = milled.ann.made(f"/jobs/{job}/extend", {"records": 4})
    assert (more["status"], more["records"]["asked"], more["finished_at"]) == ("queued", 4, None)
    again = milled.ann.mill(job)
    assert again["records"]["asked"] == 4
    assert again["started_at"] == ended["started_at"]
    assert milled.ann.get(f"/jobs/{job}/records").json()["items"][: len(made)] == made


def test_a_deleted_job_is_gone_with_its_files_and_its_costs_stay(milled: Milled) -> None:
    job = milled.ann.made("/jobs", milled.priced("1", records=1))["id"]
    problem(milled.ann.ask("DELETE", f"/jobs/{job}"), 409, "wrong_state")
    milled.ann.mill(job)
    export = milled.ann.made(f"/jobs/{job}/exports", {"format": "jsonl"})["id"]
    spent = milled.ann.get("/stats").json()
    assert files_of(milled, job)
    gone = milled.ann.ask("DELETE", f"/jobs/{job}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert files_of(milled, job) == []
    for path in ("", "/records", "/records/0", "/rejects", "/ledger", "/statistics", "/events", "/exports"):
        problem(milled.ann.get(f"/jobs/{job}{path}"), 404, "not_found")
    problem(milled.ann.get(f"/exports/{export}/download"), 404, "not_found")
    problem(milled.ann.ask("DELETE", f"/jobs/{job}"), 404, "not_found")
    left = milled.ann.get("/stats").json()
    assert [left[part] for part in ("calls", "tokens", "billed_usd")] == [
        spent[part] for part in ("calls", "tokens", "billed_usd")
    ]


@pytest.mark.parametrize("job", ["nothing", "..", "%2e%2e%2fetc", "'; DROP TABLE jobs; --", "x" * 64])
def test_an_id_that_names_no_job_is_not_found(milled: Milled, job: str) -> None:
    problem(milled.ann.get(f"/jobs/{job}/statistics"), 404, "not_found")
    problem(milled.ann.post(f"/jobs/{job}/pause"), 404, "not_found")
