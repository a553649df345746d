"""The list of jobs, and the page of one: how it stands and what can be done to it."""

import re
from typing import Any

import pytest

from support.api import TEMPLATE, Api
from support.milled import RECORDS, Milled
from support.web import Visitor, text_of

# Of its attempts none is accepted.
HOPELESS = f"{TEMPLATE}checks: [{{expect: '{{{{ false }}}}', reason: never good enough}}]\nattempts: {{redraw: 0}}\n"


def started(ann: Visitor, **order: Any) -> str:
    """A job that waits for a worker."""
    return ann.api.job(models={}, **order)


def ended(ann: Visitor, source: str = TEMPLATE, **order: Any) -> str:
    """A job that was made to its end."""
    job = ann.api.job(source, **order)
    assert ann.api.mill(job)["finished_at"]
    return job


def accepted(milled: Milled) -> int:
    """How many records of Ann's job are good: chance decides, the same for all tests of a run."""
    return int(milled.ann.get(f"/jobs/{milled.job}").json()["records"]["accepted"])


def buttons(page: str) -> set[str]:
    """What the page of a job offers to do to it."""
    return set(re.findall(r'action="/jobs/[^/"]+/([a-z-]+)"', page))


def test_whoever_has_no_jobs_is_led_to_the_first(stranger: Visitor) -> None:
    page = stranger.get("/jobs")
    assert "You have no datasets yet." in text_of(page)
    assert 'href="/jobs/new"' in page.text


def test_the_list_shows_each_job_with_its_records_and_its_money(reader: Visitor, milled: Milled) -> None:
    page = reader.get("/jobs")
    assert f'href="/jobs/{milled.job}"' in page.text
    assert f"told reviews v1 short {accepted(milled)} of {RECORDS}" in text_of(page)
    assert "of $1.00" in text_of(page)


def test_the_list_shows_what_its_filter_names(reader: Visitor, milled: Milled) -> None:
    assert f"/jobs/{milled.job}" in reader.get("/jobs?status=short&kind=dataset").text
    for query in ("status=running", "kind=pilot", "status=running&kind=pilot"):
        page = reader.get(f"/jobs?{query}")
        assert f"/jobs/{milled.job}" not in page.text
        assert "There is none of these." in text_of(page)
    assert reader.get("/jobs?kind=nothing").status_code == 422


def test_the_list_goes_on_where_the_page_before_ended(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.web.routes.jobs.PAGE", 2)
    template, seeds = ann.api.template(), ann.api.seeds()
    order = {"template": template, "seeds": seeds, "records": 1}
    jobs = [ann.api.made("/jobs", {**order, "name": f"job {number}"})["id"] for number in range(3)]
    first = ann.get("/jobs")
    assert [job for job in jobs if job in first.text] == jobs[1:]
    (rest,) = re.findall(r'href="([^"]*cursor=[^"]*)"', first.text)
    assert [job for job in jobs if job in ann.get(rest.replace("&amp;", "&")).text] == jobs[:1]
    assert ann.get("/jobs?cursor=nonsense").status_code == 422


def test_a_running_list_refreshes_itself_and_an_ended_one_does_not(ann: Visitor) -> None:
    job = started(ann)
    assert 'hx-trigger="every' in ann.get("/jobs").text
    ann.done(f"/jobs/{job}/cancel")
    assert 'hx-trigger="every' not in ann.get("/jobs").text


def test_an_ended_job_says_in_a_sentence_what_became_of_it(reader: Visitor, milled: Milled) -> None:
    page = reader.get(f"/jobs/{milled.job}")
    text = text_of(page)
    assert f"{accepted(milled)} of {RECORDS} records are made." in text
    assert f"Export {accepted(milled)} records" in text
    assert "Queued" in text
    assert "Ended short of what was asked" in text
    assert "hx-sse" not in page.text
    assert "http-equiv" not in page.text


def test_a_whole_dataset_is_announced_with_the_time_it_took(ann: Visitor) -> None:
    assert "All 4 records are made , in" in ann.page(f"/jobs/{ended(ann)}")


def test_a_job_that_goes_on_is_followed_with_scripts_and_without(ann: Visitor) -> None:
    page = ann.get(f"/jobs/{started(ann)}").text
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "It waits for a worker." in page


def test_the_course_of_a_job_is_drawn_and_told_in_a_table(reader: Visitor, milled: Milled) -> None:
    page = reader.get(f"/jobs/{milled.job}").text
    charts = re.findall(r"data-chart='([^']*)'", page)
    assert len(charts) == 2
    assert '"limit": 24' in charts[0]
    assert '"unit": "usd"' in charts[1]
    assert "Show the numbers" in page


def test_a_short_job_says_why_and_retries_its_rejects(ann: Visitor) -> None:
    job = ended(ann, HOPELESS)
    text = ann.page(f"/jobs/{job}")
    assert "0 of 4 records are made. 4 were given up after 1 attempt each" in text
    assert "never good enough" in text
    assert ann.done(f"/jobs/{job}/retry-rejects") == f"/jobs/{job}?done=job-retried"
    assert "another round of attempts" in ann.page(f"/jobs/{job}?done=job-retried")


def test_a_reject_is_shown_with_what_was_said_of_it_and_where(ann: Visitor) -> None:
    job = ended(ann, HOPELESS)
    page = ann.get(f"/jobs/{job}").text
    assert f"/jobs/{job}/records?status=rejected&amp;reason=never+good+enough" in page
    assert re.search(rf'href="/jobs/{job}/records/\d+">slot', page)


def test_statistics_tell_lengths_labels_rejects_and_what_each_model_cost(reader: Visitor, milled: Milled) -> None:
    text = reader.page(f"/jobs/{milled.job}/statistics")
    assert f"Counted over {accepted(milled)} records." in text
    assert "Lengths of texts, in characters" in text
    assert "tone 2 values" in text
    assert "scripted:demo" in text
    assert "$" in text.partition("Models: calls, tokens and cost")[2]


def test_statistics_of_a_job_without_records_say_so(ann: Visitor) -> None:
    assert "There is nothing to count yet." in ann.page(f"/jobs/{started(ann)}/statistics")


def test_a_job_offers_only_what_its_state_allows(ann: Visitor) -> None:
    job = started(ann, budget_usd="1.00")
    page = f"/jobs/{job}"
    assert buttons(ann.get(page).text) == {"pause", "cancel", "top-up", "extend", "clone"}
    assert ann.done(f"{page}/pause") == f"{page}?done=job-paused"
    assert buttons(ann.get(page).text) == {"resume", "top-up", "extend", "clone", "delete"}
    assert ann.done(f"{page}/resume") == f"{page}?done=job-resumed"
    assert ann.done(f"{page}/cancel") == f"{page}?done=job-cancelled"
    assert "You cancelled it at 0 of 4 records." in ann.page(page)


def test_what_the_state_no_longer_allows_is_told_on_the_page_of_the_job(ann: Visitor) -> None:
    job = ended(ann)
    for action in ("pause", "cancel", "retry-rejects"):
        answer = ann.post(f"/jobs/{job}/{action}")
        assert answer.status_code == 409
        assert "That cannot be done now" in text_of(answer)
        assert "All 4 records are made" in text_of(answer)


def test_a_budget_is_topped_up_or_the_form_says_why_not(ann: Visitor) -> None:
    job = started(ann, budget_usd="1.00")
    wrong = ann.post(f"/jobs/{job}/top-up", {"budget_usd": "much"})
    assert wrong.status_code == 422
    assert "Write US dollars in digits with a point, such as 2.50." in wrong.text
    assert 'value="much"' in wrong.text
    assert '<details class="menu" open>' in wrong.text
    assert ann.done(f"/jobs/{job}/top-up", {"budget_usd": "$2.50"}) == f"/jobs/{job}?done=job-topped-up"
    text = ann.page(f"/jobs/{job}")
    assert "of $2.50 spent" in text
    assert "Budget set to $2.50" in text


def test_a_job_is_extended_or_the_form_says_why_not(ann: Visitor) -> None:
    job = ended(ann)
    for typed in ("4", "more", "-1", "5.5", "", "9" * 40):
        wrong = ann.post(f"/jobs/{job}/extend", {"records": typed})
        assert wrong.status_code == 422
        assert "a whole number above 4" in text_of(wrong)
        assert f'value="{typed}"' in wrong.text
    assert ann.done(f"/jobs/{job}/extend", {"records": "1,006"}) == f"/jobs/{job}?done=job-extended"
    text = ann.page(f"/jobs/{job}")
    assert "4 of 1,006 accepted" in text
    assert "Extended to 1,006 records" in text


def test_a_clone_is_a_job_of_its_own(ann: Visitor) -> None:
    job = ended(ann)
    led = ann.done(f"/jobs/{job}/clone")
    assert led != f"/jobs/{job}?done=job-created"
    assert "It waits for a worker." in ann.page(led)


def test_a_job_is_deleted_once_it_has_ended(ann: Visitor) -> None:
    job = started(ann)
    assert ann.post(f"/jobs/{job}/delete").status_code == 409
    ann.done(f"/jobs/{job}/cancel")
    assert ann.done(f"/jobs/{job}/delete") == "/jobs?done=job-deleted"
    assert ann.get(f"/jobs/{job}").status_code == 404


def test_a_pilot_leads_to_the_whole_dataset(ann: Visitor) -> None:
    job = started(ann, kind="pilot")
    template = ann.api.get(f"/jobs/{job}").json()["template"]["id"]
    assert f'href="/jobs/new?template={template}"' in ann.get(f"/jobs/{job}").text
    assert f"/jobs/{job}" in ann.get("/jobs?kind=pilot").text


def test_what_a_job_is_called_is_text_and_nothing_else(ann: Visitor) -> None:
    job = started(ann, name="<script>alert(1)</script>")
    for path in ("/jobs", f"/jobs/{job}", f"/jobs/{job}/statistics", f"/jobs/{job}/exports"):
        page = ann.get(path).text
        assert "<script>alert" not in page
        assert " style=" not in page


ACTIONS = ("pause", "resume", "cancel", "top-up", "extend", "retry-rejects", "clone", "delete", "exports")


@pytest.mark.parametrize("part", ["", "/live", "/statistics", "/exports"])
def test_the_pages_of_anothers_job_are_not_there(stranger: Visitor, milled: Milled, part: str) -> None:
    assert stranger.get(f"/jobs/{milled.job}{part}").status_code == 404


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_to_anothers_job(stranger: Visitor, milled: Milled, action: str) -> None:
    form = {"budget_usd": "5", "records": "9000", "format": "jsonl"}
    assert stranger.post(f"/jobs/{milled.job}/{action}", form).status_code == 404
    assert milled.ann.get(f"/jobs/{milled.job}").json()["status"] == "short"


def test_whoever_is_not_logged_in_comes_back_to_the_job_they_wanted(milled: Milled) -> None:
    nobody = Visitor(client=milled.client, api=Api(milled.client, {}))
    assert nobody.get(f"/jobs/{milled.job}").headers["location"] == f"/login?next=%2Fjobs%2F{milled.job}"
