"""The first page: where a newcomer begins, what runs, what was made, and what it cost."""

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gristmill.adapters.embedded.smollm2 import CARRIER
from gristmill.library.starters import STARTERS
from support.milled import Milled
from support.web import Visitor, text_of


@pytest.fixture
def pulled(client: TestClient, tmp_path: Path) -> None:
    """The embedded model's file, as far as anybody looks at it before it is run: a sparse one of its size."""
    place = CARRIER.place(tmp_path)
    place.parent.mkdir(parents=True)
    place.touch()
    os.truncate(place, CARRIER.member_bytes)


def test_a_newcomer_is_shown_three_steps_and_every_starter(stranger: Visitor) -> None:
    answer = stranger.get("/")
    page = text_of(answer)
    for words in ("Make your first dataset", "Choose a starter template", "Bring seeds", "Order records"):
        assert words in page
    for starter in STARTERS.values():
        assert starter.description in page
        assert f'href="/templates/new?starter={starter.name}"' in answer.text


def test_without_the_embedded_model_the_page_says_what_to_run_and_offers_no_press(stranger: Visitor) -> None:
    answer = stranger.get("/")
    assert "Run: " in text_of(answer)
    assert 'action="/try"' not in answer.text
    pressed = stranger.post("/try")
    assert (pressed.status_code, "Run: " in text_of(pressed)) == (422, True)
    assert stranger.api.get("/templates").json()["items"] == []


def test_one_press_makes_a_template_seeds_and_a_job_of_the_embedded_model(ann: Visitor, pulled: None) -> None:
    assert 'action="/try"' in ann.get("/").text
    address = ann.done("/try")
    job = ann.api.get(f"/jobs/{address.removeprefix('/jobs/').partition('?')[0]}").json()
    assert address.endswith("?done=job-created")
    assert (job["status"], job["records"]["asked"], job["models"]) == ("queued", 5, {"cheap": "local:smollm2"})
    assert [one["name"] for one in ann.api.get("/templates").json()["items"]] == ["support-qa"]
    assert len(ann.api.get("/seeds").json()["items"]) == 1


def test_a_second_press_takes_the_template_that_is_there(ann: Visitor, pulled: None) -> None:
    first, second = ann.done("/try"), ann.done("/try")
    assert first != second
    assert [one["version"] for one in ann.api.get("/templates").json()["items"]] == [1]


def test_home_shows_what_was_made_and_what_it_cost(reader: Visitor, milled: Milled) -> None:
    job = reader.api.get(f"/jobs/{milled.job}").json()
    answer = reader.get("/")
    page = text_of(answer)
    assert f"Records made {job['records']['accepted']}" in page
    assert "Recent datasets" in page
    assert f'href="/jobs/{milled.job}">told</a>' in answer.text
    assert "Spending, last 30 days" in page
    assert "scripted:demo" in page
    assert '"kind": "bars"' in answer.text
    assert "Left of your limit" not in page


def test_what_runs_is_shown_with_its_progress_and_asked_for_again_until_it_ends(ann: Visitor) -> None:
    job = ann.api.job(name="cities")
    running = ann.get("/now")
    assert "cities queued" in text_of(running)
    assert "0 of 4" in text_of(running)
    assert 'hx-get="/now" hx-trigger="every 2s"' in running.text
    assert "The first dataset appears here" in text_of(running)
    ann.api.mill(job)
    ended = ann.get("/now")
    assert "hx-get" not in ended.text
    assert "cities completed 4" in text_of(ended)


def test_models_without_a_price_cost_nothing_and_that_is_said(ann: Visitor) -> None:
    ann.api.mill(ann.api.job())
    assert "went to models without a price" in ann.page("/")


def test_whoever_has_a_limit_sees_what_is_left_of_it(admin: Visitor, ann: Visitor) -> None:
    (user,) = (one for one in admin.api.get("/admin/users").json()["items"] if one["email"] == "ann@example.org")
    limits = {"limits": {"budget_usd": "5.00", "running_jobs": None}}
    assert admin.api.ask("PATCH", f"/admin/users/{user['id']}", json=limits).is_success
    ann.api.job(budget_usd="2.00")
    assert "Left of your limit $3.00 of $5.00" in ann.page("/")
    ann.api.job(TWICE, budget_usd="3.00")
    page = ann.page("/")
    assert "Left of your limit $0.00 of $5.00" in page
    assert "New jobs that cost something are refused" in page


def test_nothing_of_others_is_on_the_first_page(stranger: Visitor, milled: Milled) -> None:
    assert milled.job not in stranger.get("/").text
    assert milled.job not in stranger.get("/now").text


TWICE = """\
name: twice
defaults: {model: "scripted:demo", max_tokens: 50}
steps: [{id: question, prompt: "A question about {{ city.name }}."}]
"""
