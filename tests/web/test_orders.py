"""The form of a new job: what it asks for, what it foretells, and the job that comes of it."""

import re
from typing import Any

import pytest
from httpx2 import Response

from support.milled import FREE, PRICED, Milled
from support.web import Visitor, text_of

HTMX = {"HX-Request": "true"}


def form_of(milled: Milled, **changes: str) -> dict[str, str]:
    """A form that is filled in as far as it must be."""
    seeds = {"seeds": milled.seeds[""], "seeds.personas": milled.seeds["personas"]}
    models = {"models.writer": FREE, "models.grader": FREE}
    return {"template": milled.template, **seeds, **models, "records": "40", **changes}


def sent(milled: Milled, **changes: str) -> dict[str, str]:
    return form_of(milled, do="start", **changes)


def job_at(visitor: Visitor, path: str) -> Any:
    found = re.fullmatch(r"/jobs/([0-9a-z-]+)\?done=job-created", path)
    assert found is not None, path
    return visitor.api.get(f"/jobs/{found[1]}").json()


def value_of(response: Response, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}"(?: type="\w+")? value="([^"]*)"', response.text)
    assert found is not None, name
    return found[1]


def test_an_empty_form_says_plainly_what_it_lacks(reader: Visitor) -> None:
    page = reader.page("/jobs/new")
    assert "Choose a template. Say how many records you want." in page
    assert "reviews" in page
    assert 'role="alert"' not in reader.get("/jobs/new").text


def test_whoever_has_no_template_is_told_where_to_write_one(bob: Visitor) -> None:
    assert 'href="/templates/new"' in bob.get("/jobs/new").text


def test_a_chosen_template_asks_for_its_seeds_and_models(reader: Visitor, milled: Milled) -> None:
    page = reader.get(f"/jobs/new?template={milled.template}")
    words = text_of(page)
    assert "Its rows need city.name, city.size." in words
    assert "Seeds for “personas”" in words
    assert "lacks city" in words
    assert "Say which model 'grader' stands for." in words
    for name in ("seeds", "seeds.personas", "models.grader", "models.writer"):
        assert f'name="{name}"' in page.text
    assert f'<option value="{milled.template}" selected>' in page.text


def test_the_address_fills_in_the_form(reader: Visitor, milled: Milled) -> None:
    page = reader.get("/jobs/new", params=form_of(milled, budget="2.50", name="Mine"))
    assert f'<option value="{milled.seeds["personas"]}" selected>' in page.text
    assert (value_of(page, "records"), value_of(page, "budget"), value_of(page, "name")) == ("40", "2.50", "Mine")
    assert "Accepted attempts" in text_of(page)


@pytest.mark.parametrize("field", ["template", "seeds"])
def test_nothing_of_another_user_fills_in_the_form(stranger: Visitor, milled: Milled, field: str) -> None:
    assert stranger.get("/jobs/new", params={field: form_of(milled)[field]}).status_code == 404


def test_another_version_has_fields_of_its_own(ann: Visitor) -> None:
    old = "name: notes\nsteps:\n  - {id: note, model: first, prompt: Write a note}\n"
    template = ann.api.template(old)
    ann.api.ask("PUT", f"/templates/{template}", json={"source": old.replace("first", "second")})
    assert 'name="models.second"' in ann.get(f"/jobs/new?template={template}").text
    before = ann.get(f"/jobs/new?template={template}&version=1")
    assert 'name="models.first"' in before.text
    assert "2 (newest)" in text_of(before)
    assert ann.get(f"/jobs/new?template={template}&version=9").status_code == 404


def test_another_template_begins_with_its_newest_version(reader: Visitor, milled: Milled) -> None:
    form = form_of(milled, shown="another", version="7")
    fields = reader.post("/jobs/new/fields", form, headers=HTMX)
    assert fields.status_code == 200
    assert '<option value="1" selected>' in fields.text
    assert "<html" not in fields.text


def test_an_estimate_follows_the_form(reader: Visitor, milled: Milled) -> None:
    form = form_of(milled, budget="0.0005", **{"models.writer": PRICED})
    answer = reader.post("/jobs/new/estimate", form, headers=HTMX)
    words = text_of(answer)
    assert "<html" not in answer.text
    for part in ("Cost, likely", "Cost at worst", "Time, likely", "assumed", PRICED, "$0.15 in, $0.60 out", "Likely $"):
        assert part in words
    assert "below the likely cost" in words


def test_models_that_cost_money_want_a_budget(reader: Visitor, milled: Milled) -> None:
    priced = {"models.writer": PRICED, "models.grader": PRICED}
    assert "so the job needs a budget" in text_of(reader.post("/jobs/new/estimate", form_of(milled, **priced)))
    answer = reader.post("/jobs/new", sent(milled, **priced))
    assert answer.status_code == 422
    assert 'id="budget-hint" class="wrong"' in answer.text
    assert "--budget" not in answer.text


def test_a_budget_that_covers_no_call_is_said_at_its_field(reader: Visitor, milled: Milled) -> None:
    answer = reader.post("/jobs/new", sent(milled, budget="0.000001", **{"models.writer": PRICED}))
    assert answer.status_code == 422
    assert "does not cover the first call" in text_of(answer)
    assert value_of(answer, "budget") == "0.000001"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"records": ""}, "Say how many records you want."),
        ({"records": "many"}, "Write a whole number from 1 to 100,000,000."),
        ({"records": "0"}, "Write a whole number from 1"),
        ({"budget": "1e3"}, "Write US dollars in digits"),
        ({"random_seed": "9" * 19}, "Write a whole number from"),
        ({"seeds": ""}, "Choose the seeds: its rows need city.name, city.size."),
        ({"seeds.personas": ""}, "Choose the seeds 'personas': its rows need role."),
        ({"models.writer": "nobody"}, "'nobody' is no alias of yours"),
        ({"models.writer": "scripted:nobody"}, "There is no scripted model"),
        ({"template": ""}, "Choose a template."),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_nothing_is_lost(
    reader: Visitor, milled: Milled, changes: dict[str, str], words: str
) -> None:
    form = {**sent(milled, name="Kept words"), **changes}
    answer = reader.post("/jobs/new", form)
    assert answer.status_code == 422
    said = text_of(answer)
    assert "The job was not made" in said
    # At the field, and in the estimate.
    assert said.count(words) == 2
    assert value_of(answer, "name") == "Kept words"
    quiet = reader.post("/jobs/new/estimate", form, headers=HTMX)
    assert (quiet.status_code, words in text_of(quiet), "alert" in quiet.text) == (200, True, False)


def test_seeds_that_lack_what_the_prompts_need_are_named_row_by_row(reader: Visitor, milled: Milled) -> None:
    answer = reader.post("/jobs/new", sent(milled, seeds=milled.seeds["personas"]))
    assert answer.status_code == 422
    assert "These seeds do not fit" in text_of(answer)
    assert "city" in text_of(answer)


def test_a_model_without_a_price_is_told_where_to_give_one(reader: Visitor, milled: Milled) -> None:
    models = {"openai:odd": {"base_url": "https://llm.example.org/v1"}}
    reader.api.ask("PUT", "/settings/models", json={"aliases": {}, "models": models})
    answer = reader.post("/jobs/new", sent(milled, **{"models.writer": "openai:odd"}))
    assert answer.status_code == 422
    assert "Nothing says what openai:odd costs." in text_of(answer)
    assert 'href="/settings/models"' in answer.text


def test_a_job_is_made_and_led_to(reader: Visitor, milled: Milled) -> None:
    job = job_at(reader, reader.done("/jobs/new", sent(milled, name="By hand", random_seed="7")))
    assert (job["name"], job["kind"], job["records"]["asked"], job["random_seed"]) == ("By hand", "dataset", 40, 7)
    assert job["models"] == {"writer": FREE, "grader": FREE}
    assert job["seeds"] == milled.seeds


def test_a_form_that_is_sent_twice_makes_one_job(reader: Visitor, milled: Milled) -> None:
    form = sent(milled, once=value_of(reader.get("/jobs/new"), "once"))
    first = reader.done("/jobs/new", form)
    assert reader.done("/jobs/new", form) == first
    assert reader.done("/jobs/new", {**form, "records": "41"}) != first
    assert reader.done("/jobs/new", {**form, "do": "pilot"}) != first


def test_a_form_of_another_user_makes_a_job_of_ones_own(ann: Visitor, bob: Visitor) -> None:
    source = "name: notes\nsteps:\n  - {id: note, model: 'scripted:demo', prompt: Write a note}\n"
    form = {"do": "start", "records": "2", "once": "20261123-101500-0011223344556677"}
    made = {who.done("/jobs/new", {**form, "template": who.api.template(source)}) for who in (ann, bob)}
    assert len(made) == 2


def test_enter_looks_and_starts_nothing(reader: Visitor, milled: Milled) -> None:
    before = reader.api.get("/jobs").json()["items"]
    page = reader.get("/jobs/new").text
    form = page[page.index('<form id="order"') :]
    assert 'value="estimate"' in form[: form.index("</button>")]
    answer = reader.post("/jobs/new", form_of(milled, do="estimate"))
    assert (answer.status_code, "Accepted attempts" in text_of(answer)) == (200, True)
    assert reader.api.get("/jobs").json()["items"] == before


def test_an_ended_pilot_grounds_the_estimate_of_the_same_order(reader: Visitor, milled: Milled) -> None:
    form = form_of(milled, random_seed="5", **{"models.writer": "scripted:demo?seed=3"})
    pilot = job_at(reader, reader.done("/jobs/new", {**form, "records": "500", "do": "pilot"}))
    assert (pilot["kind"], pilot["records"]["asked"]) == ("pilot", 20)
    assert "assumed" in text_of(reader.post("/jobs/new/estimate", form))
    reader.api.mill(pilot["id"])
    measured = reader.post("/jobs/new/estimate", form)
    assert "Measured by your pilot of 20 records" in text_of(measured)
    assert f'href="/jobs/{pilot["id"]}"' in measured.text
    other = {**form, "models.writer": "scripted:demo?seed=4"}
    assert "assumed" in text_of(reader.post("/jobs/new/estimate", other))


def test_a_job_can_be_ordered_once_more(reader: Visitor, stranger: Visitor, milled: Milled) -> None:
    page = reader.get(f"/jobs/new?clone={milled.job}")
    assert (value_of(page, "records"), value_of(page, "budget"), value_of(page, "name")) == ("24", "1.00", "told")
    assert f'<option value="{milled.seeds[""]}" selected>' in page.text
    assert "Likely" not in text_of(page).partition("Cost, likely")[0]
    assert stranger.get(f"/jobs/new?clone={milled.job}").status_code == 404


def test_a_limit_that_the_job_would_pass_is_said_on_top(admin: Visitor, ann: Visitor) -> None:
    user = ann.api.get("/auth/me").json()["id"]
    limits = {"budget_usd": "0.50", "running_jobs": None}
    admin.api.ask("PATCH", f"/admin/users/{user}", json={"limits": limits})
    template = ann.api.template("name: notes\nsteps:\n  - {id: note, model: 'scripted:demo', prompt: Write a note}\n")
    answer = ann.post("/jobs/new", {"template": template, "records": "3", "budget": "2", "do": "start"})
    assert answer.status_code == 403
    assert "All your jobs together may cost $0.50" in text_of(answer)
    assert value_of(answer, "budget") == "2"


def test_a_field_that_holds_more_than_a_line_is_refused(reader: Visitor) -> None:
    assert reader.post("/jobs/new", {"name": "a\nb"}).status_code == 422
    assert reader.post("/jobs/new", {"name": "a" * 1000}).status_code == 422
