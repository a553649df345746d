"""The editor: what is written is looked at, tried and kept, and whatever is refused stays in it."""

from html import unescape
from typing import Any

import pytest

from gristmill.library.starters import STARTERS
from support.api import SEEDS, TEMPLATE
from support.api_worker import working
from support.web import Visitor, text_of

BROKEN = "name: broken\nsteps:\n  - id: q\n    promt: hello\n"
FREE = 'name: free\nsteps:\n  - {id: q, model: "scripted:demo", prompt: Say hello}\n'
PART = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def cities(cleo: Visitor) -> str:
    """The id of Cleo's seeds, which have what TEMPLATE needs."""
    return cleo.api.seeds(SEEDS, "cities.jsonl")


def source_in(page: str) -> str:
    return unescape(page.partition('data-nonce="')[2].partition(">\n")[2].partition("</textarea>")[0])


def look(visitor: Visitor, page: str, **fields: str) -> Any:
    """What the editor's script is told of the source on a page, once it has begun."""
    return visitor.post("/templates/look", {"source": source_in(page), **fields}, headers=PART).json()


def test_a_new_template_begins_with_something_that_can_be_saved(cleo: Visitor) -> None:
    page = cleo.get("/templates/new")
    assert look(cleo, page.text)["findings"] == []
    saved = cleo.done("/templates/new", {"source": source_in(page.text)})
    assert saved.endswith("?done=template-made")
    assert "version 1" in cleo.page(saved)


@pytest.mark.parametrize("name", STARTERS)
def test_every_starter_opens_in_the_editor_without_an_error(cleo: Visitor, name: str) -> None:
    page = cleo.get("/templates/new", params={"starter": name})
    assert f"name: {name}\n" in source_in(page.text)
    assert not [one for one in look(cleo, page.text)["findings"] if one["severity"] == "error"]


def test_a_starter_that_is_not_there_is_said_with_the_one_that_is_meant(cleo: Visitor) -> None:
    answer = cleo.get("/templates/new", params={"starter": "suport-qa"})
    assert answer.status_code == 404
    assert "Did you mean 'support-qa'?" in text_of(answer)


def test_the_example_rows_of_a_starter_are_kept_and_looked_through(dan: Visitor) -> None:
    page = dan.get("/templates/new", params={"starter": "instructions"})
    assert "Take the starter's example rows" in look(dan, page.text, starter="instructions")["trouble"]
    form = {"source": source_in(page.text), "starter": "instructions", "seeds": "", "seeds.personas": ""}
    shown = text_of(dan.post("/templates/examples", form))
    assert "Prompt of instruction You are" in shown
    assert {seeds["name"] for seeds in dan.api.get("/seeds").json()["items"]} == {"tasks.jsonl", "personas.jsonl"}


def test_a_page_is_opened_with_a_look_where_no_script_will_look(cleo: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.web.editor.desk.has_scripts", lambda: False)
    assert "No errors and no warnings." in cleo.page("/templates/new")


def test_the_page_lets_styles_in_by_a_nonce_of_its_own_and_no_others(cleo: Visitor) -> None:
    page, other = (cleo.get("/templates/new") for _ in range(2))
    nonce = page.text.partition('data-nonce="')[2].partition('"')[0]
    assert f"style-src 'nonce-{nonce}';" in page.headers["content-security-policy"]
    assert f'<style nonce="{nonce}">' in page.text
    assert len(nonce) > 16
    assert nonce not in other.text


def test_saving_makes_versions_and_the_same_source_none(cleo: Visitor) -> None:
    first = cleo.done("/templates/new", {"source": "name: saved\nsteps:\n  - {id: q, prompt: one}\n"}).partition("?")[0]
    second = {"source": "name: saved\r\nsteps:\r\n  - {id: q, prompt: two}\r\n"}
    assert cleo.done(first, second) == f"{first}?done=template-saved"
    assert cleo.done(first, second) == f"{first}?done=template-same"
    assert source_in(cleo.get(first).text) == second["source"].replace("\r\n", "\n")


def test_a_source_with_errors_is_not_kept_and_stays_in_the_editor(cleo: Visitor) -> None:
    answer = cleo.post("/templates/new", {"source": BROKEN})
    assert answer.status_code == 422
    words = text_of(answer)
    assert "It was not saved" in words
    assert "4:5 Unknown key 'promt'. Did you mean 'prompt'?" in words
    assert 'data-line="4"' in answer.text
    assert source_in(answer.text) == BROKEN


def test_a_name_that_is_taken_or_changed_is_said_and_nothing_is_lost(cleo: Visitor) -> None:
    kept = cleo.done("/templates/new", {"source": FREE}).partition("?")[0]
    again = cleo.post("/templates/new", {"source": FREE})
    assert (again.status_code, source_in(again.text)) == (409, FREE)
    assert "'free'" in text_of(again)
    renamed = cleo.post(kept, {"source": FREE.replace("free", "freed")})
    assert (renamed.status_code, "keep its name" in text_of(renamed)) == (409, True)
    assert "name: freed" in source_in(renamed.text)


def test_without_scripts_a_preview_shows_draws_and_prompts_of_any_record(cleo: Visitor, cities: str) -> None:
    shown = text_of(cleo.post("/templates/preview", {"source": TEMPLATE, "seeds": cities, "slot": "2"}))
    assert "Oslo" in shown
    assert "Prompt of question A" in shown
    after = cleo.post("/templates/preview", {"source": TEMPLATE, "seeds": cities, "slot": "2", "turn": "next"})
    assert "about Rome." in text_of(after)
    assert 'name="slot" value="3"' in after.text
    assert source_in(after.text) == TEMPLATE
    assert 'name="slot" value="1"' in cleo.post("/templates/preview", {"source": TEMPLATE, "slot": "⅔"}).text


def test_seeds_that_fit_are_chosen_and_none_is_a_choice_too(cleo: Visitor, cities: str) -> None:
    guessed = cleo.post("/templates/preview", {"source": TEMPLATE})
    assert f'value="{cities}" selected' in guessed.text
    none = text_of(cleo.post("/templates/preview", {"source": TEMPLATE, "seeds": ""}))
    assert "The prompts need seeds with city.name. Add such seeds." in none


def test_a_preview_needs_no_model_that_answers(cleo: Visitor) -> None:
    source = "name: unpriced\nsteps:\n  - {id: q, model: 'openai:nobody-knows', prompt: Say hello}\n"
    assert "Prompt of q Say hello" in text_of(cleo.post("/templates/preview", {"source": source}))


def test_what_is_typed_is_looked_at_as_json(cleo: Visitor, cities: str) -> None:
    good = cleo.post("/templates/look", {"source": TEMPLATE, "seeds": cities}, headers=PART).json()
    assert "about Lima." in good["preview"]
    assert f'value="{cities}" selected' in good["choices"]
    bad = cleo.post("/templates/look", {"source": BROKEN, "seeds": cities}, headers=PART).json()
    assert (bad["preview"], bad["choices"]) == (None, None)
    (finding,) = [one for one in bad["findings"] if one["line"] == 4]
    assert (finding["column"], finding["severity"], finding["code"]) == (5, "error", "unknown_key")
    assert "errors keep the template" in bad["trouble"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "empty"),
        ("a: [", "expected"),
        ("name: a\0b\n", "NUL character"),
        ("x" * 300_000, "at most 262,144 are read"),
        ("a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join(['*a'] * 9)}]\n" for n in range(40)), "aliases"),
        ("name: x\nsteps:\n  - {id: q, prompt: '{{ ().__class__ }}'}\n", ""),
    ],
)
def test_hostile_sources_get_sentences(cleo: Visitor, source: str, words: str) -> None:
    answer = cleo.post("/templates/new", {"source": source})
    assert answer.status_code in {303, 422}
    assert words in text_of(answer)
    assert cleo.post("/templates/look", {"source": source}, headers=PART).status_code == 200


def test_a_prompt_without_an_end_is_stopped_and_said_so(cleo: Visitor) -> None:
    loop = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}"
    source = f"name: endless\nsteps:\n  - {{id: q, prompt: '{loop}'}}\n"
    assert "too" in text_of(cleo.post("/templates/preview", {"source": source}))


def test_trying_makes_records_and_shows_replies_checks_and_cost(cleo: Visitor, cities: str) -> None:
    source = f'{TEMPLATE}checks:\n  - {{expect: "{{{{ record.question | length < 999 }}}}"}}\n'
    with working(cleo.api):
        answer = cleo.post("/templates/try", {"source": source, "seeds": cities, "budget": "0.05"})
    words = text_of(answer)
    assert answer.status_code == 200
    assert "completed 3 of 3 accepted" in words
    assert "passed {{ record.question" in words
    assert "tokens in" in words
    assert "$0.00" in words
    assert source_in(answer.text) == source


def test_a_trial_that_takes_long_shows_how_far_it_is_and_is_looked_at_again(
    cleo: Visitor, dan: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.web.routes.editor.FIRST_SECONDS", 0)
    monkeypatch.setattr("gristmill.web.routes.editor.NEXT_SECONDS", 0)
    form = {"source": FREE, "model": "scripted:demo?seed=2", "budget": ""}
    begun = cleo.post("/templates/try", form, headers=PART)
    assert "Waiting for a worker." in text_of(begun)
    path = begun.text.partition('hx-get="')[2].partition('"')[0]
    job = path.rpartition("/")[2]
    assert f'href="/jobs/{job}"' in begun.text
    assert dan.get(path, headers=PART).status_code == 404
    assert cleo.get(path).headers["location"] == f"/jobs/{job}"
    cleo.api.mill(job)
    ended = cleo.get(path, headers=PART)
    assert "3 of 3 accepted" in text_of(ended)
    assert "hx-get" not in ended.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"budget": "a lot"}, "Write US dollars in digits"),
        ({"model": "nobody:knows"}, "nobody"),
        ({"source": BROKEN}, "Unknown key 'promt'"),
        ({"source": TEMPLATE, "seeds": ""}, "The prompts need seeds with city.name. Add such seeds."),
    ],
)
def test_what_cannot_be_tried_says_why_and_keeps_what_was_typed(
    cleo: Visitor, change: dict[str, str], words: str
) -> None:
    form = {"source": FREE, "budget": "0.05", **change}
    page = cleo.post("/templates/try", form)
    assert (page.status_code, words in text_of(page)) == (422, True)
    assert source_in(page.text) == form["source"]
    assert f'value="{form["budget"]}"' in page.text
    part = cleo.post("/templates/try", form, headers=PART)
    assert (part.status_code, words in text_of(part), "<html" in part.text) == (422, True, False)


def test_the_words_to_complete_are_those_of_the_language_and_of_the_caller(
    cleo: Visitor, dan: Visitor, cities: str
) -> None:
    words = cleo.get("/templates/words", params={"seeds": cities}).json()
    assert "steps" in words["schema"]["properties"]
    filters = {one["name"]: one for one in words["filters"]}
    assert (filters["truncate_tokens"]["own"], filters["upper"]["own"]) == (True, False)
    assert all(one["says"] for one in words["filters"])
    assert {"cheap", "balanced", "premium"} <= {one["name"] for one in words["models"]}
    assert words["rows"] == {"": {"city": {"name": "Lima"}}}
    assert dan.get("/templates/words", params={"seeds": cities}).status_code == 404
