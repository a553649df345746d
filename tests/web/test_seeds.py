"""Seed sets by the pages: files brought, rows looked at, templates that fit, rows that a model makes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from httpx2 import Response

from gristmill.api import app as api
from support.api import SEEDS, TEMPLATE
from support.api_renderer import lint_here
from support.milled import FREE, PRICED, Milled
from support.web import Visitor, text_of

TOWNS = """\
name: towns
steps:
  - id: town
    model: writer
    prompt: "A town."
    output: {type: object, required: [name], properties: {name: {type: string}}}
record: {name: "{{ steps.town.output.name }}"}
"""
PART = {"HX-Request": "true"}


def bring(who: Visitor, content: bytes, name: str = "rows.csv", *, headers: Any = None, **form: str) -> Response:
    return who.post("/seeds", form, files={"file": (name, content)}, headers=headers or {})


def test_who_has_no_seeds_is_told_what_they_are_and_can_bring_or_generate_some(bob: Visitor) -> None:
    page = bob.page("/seeds")
    for words in (
        "No seeds yet",
        "JSON, JSONL, CSV, TSV or Parquet",
        "gzip or zstd",
        "Up to 256 MiB",
        "Generate seeds",
    ):
        assert words in page
    assert 'enctype="multipart/form-data"' in bob.get("/seeds").text


def test_a_file_is_brought_by_a_plain_form_shown_and_listed(ann: Visitor) -> None:
    answer = bring(ann, b"city,country\nLima,Peru\nOslo,\n", "cities.csv")
    address = answer.headers["location"]
    assert (answer.status_code, address.endswith("?done=seeds-kept")) == (303, True)
    page = ann.page(address)
    for words in ("The rows are stored.", "cities.csv", "Rows 2", "29 B", "city string", "Lima", "1–2 of 2"):
        assert words in page
    assert "cities.csv 2 city, country 29 B a file" in ann.page("/seeds")
    again = bring(ann, b'{"city": "Lima", "country": "Peru"}\n{"city": "Oslo", "country": ""}\n', "same.jsonl")
    assert "exactly these rows before" in ann.page(again.headers["location"])


def test_a_script_is_told_where_to_go_instead_of_being_led(ann: Visitor) -> None:
    answer = bring(ann, b"a\n1\n", headers=PART)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["hx-redirect"].startswith("/seeds/")


def test_a_file_that_cannot_be_read_is_refused_by_row_and_line_and_what_was_typed_stays(reader: Visitor) -> None:
    before = reader.page("/seeds").count(" a file ")
    answer = bring(reader, b"a,b\n1,2\n3,4,5\n", "broken.csv", split="900", encoding="cp1252")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "broken.csv was not taken 1 of 2 rows cannot be used." in page
    assert "Row 2 has 3 values" in page
    assert "(line 3)" in page
    assert 'value="900"' in answer.text
    assert 'value="cp1252"' in answer.text
    assert reader.page("/seeds").count(" a file ") == before


def test_a_script_gets_the_refusal_alone(reader: Visitor) -> None:
    answer = bring(reader, b"", "<b>.csv", headers=PART)
    assert answer.status_code == 422
    assert "&lt;b&gt;.csv was not taken" in answer.text
    assert "<html" not in answer.text


def test_an_encoding_that_may_be_wrong_is_asked_for_in_the_words_of_the_form(reader: Visitor) -> None:
    answer = bring(reader, "city\nMálaga\n".encode("latin-1"))
    assert "such as cp1252" in text_of(answer)
    assert "--encoding" not in answer.text
    assert "<details open>" in answer.text


@pytest.mark.parametrize(
    ("form", "words"),
    [({"split": "many"}, "write a whole number, not 'many'"), ({"encoding": "latin-99"}, "no encoding of text")],
)
def test_a_way_of_reading_that_is_none_says_so(reader: Visitor, form: dict[str, str], words: str) -> None:
    answer = bring(reader, b"a\n1\n", **form)
    assert (answer.status_code, words in text_of(answer)) == (422, True)


def test_without_a_file_there_is_nothing_to_bring(reader: Visitor) -> None:
    for answer in (reader.post("/seeds"), reader.post("/seeds", files={"file": ("", b"")})):
        assert (answer.status_code, "Choose a file first." in text_of(answer)) == (422, True)


BODY = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n',
    b"a,b\n1\n",
    b"\r\n--x--\r\n",
)


def stream(taken: list[bytes]) -> Iterator[bytes]:
    """A body that tells how much of it was asked for."""
    for part in BODY:
        taken.append(part)
        yield part


@pytest.mark.parametrize(
    ("is_known", "headers", "answered"),
    [
        (True, {}, (422, True)),
        (True, {"Sec-Fetch-Site": "cross-site"}, (403, False)),
        (False, {}, (303, False)),
        (False, PART, (401, False)),
    ],
    ids=["ours", "another-site", "nobody", "nobody-by-script"],
)
def test_nothing_of_a_body_is_read_before_it_is_known_who_sends_it(
    reader: Visitor, is_known: bool, headers: dict[str, str], answered: tuple[int, bool]
) -> None:
    who = replace(reader, cookies=dict(reader.cookies) if is_known else {})
    taken: list[bytes] = []
    headers = {"Content-Type": "multipart/form-data; boundary=x", **headers}
    answer = who.ask("POST", "/seeds", content=stream(taken), headers=headers)
    assert (answer.status_code, bool(taken)) == answered


def test_a_file_larger_than_is_taken_is_refused_unread_in_words_that_a_script_can_show(reader: Visitor) -> None:
    answer = reader.ask("POST", "/seeds", content=b"x", headers={**PART, "content-length": str(1 << 40)})
    assert answer.status_code == 413
    assert f"{api.MOST_UPLOAD_BYTES:,} bytes" in answer.json()["detail"]
    assert (
        reader.ask("POST", "/seeds/generate", content=b"x", headers={"content-length": str(3 << 20)}).status_code == 413
    )


def test_rows_are_shown_a_page_at_a_time_and_each_whole(ann: Visitor) -> None:
    rows = [{"n": n, "text": f"<b>{n}</b> " + "word " * 2000, "more": {"tags": [n, None]}} for n in range(45)]
    seeds = ann.api.seeds([*rows, {"n": 45}])
    first = ann.get(f"/seeds/{seeds}")
    assert "1–20 of 46" in text_of(first)
    assert "&lt;b&gt;0&lt;/b&gt;" in first.text
    assert "{&#34;tags&#34;: [0, null]}" in first.text
    assert "all of it" in first.text
    assert "2.2%" in text_of(first)
    following = first.text.partition('rel="next" href="')[2].partition('"')[0]
    second = ann.page(following)
    assert "21–40 of 46" in second
    assert "Previous" in second
    part = ann.get(following.partition("#")[0], headers=PART)
    assert part.text.lstrip().startswith("<section")
    last = ann.page(ann.get(following).text.partition('rel="next" href="')[2].partition('"')[0])
    assert "missing" in last
    whole = ann.page(f"/seeds/{seeds}/rows/45")
    assert "Row 45 of 46" in whole
    assert whole.count("word") == 2000
    assert ann.get(f"/seeds/{seeds}/rows/47").status_code == 404
    assert ann.get(f"/seeds/{seeds}", params={"cursor": "odd"}).status_code == 422


def test_the_list_goes_on_where_the_page_ends(ann: Visitor) -> None:
    for number in range(51):
        ann.api.seeds([{"n": number}], f"set-{number}.jsonl")
    first = ann.get("/seeds")
    assert "set-50.jsonl" in first.text
    assert "set-0.jsonl" not in first.text
    rest = ann.page(first.text.partition('" rel="next"')[0].rpartition('href="')[2].replace("&amp;", "&"))
    assert "set-0.jsonl" in rest
    assert "Bring a file" not in rest


def test_templates_that_fit_are_told_at_a_glance_and_one_is_checked_in_full(ann: Visitor) -> None:
    seeds = ann.api.seeds([*SEEDS, {"town": 1}])
    fitting = ann.api.template(TEMPLATE.replace("capitals", "whole").replace("{{ city.name }}", "{{ seed }}"))
    lacking = ann.api.template(TEMPLATE)
    ann.api.template(TOWNS.replace("model: writer", 'model: "scripted:demo"'))
    whole = ann.page(f"/seeds/{seeds}/fits")
    for words in (
        "whole of each record fits",
        "capitals of each record lacks fields Seed row 4 has no 'city.name'.",
        "towns takes no seeds",
    ):
        assert words in whole
    assert "<html" not in ann.get(f"/seeds/{seeds}/fits", headers=PART).text
    checked = ann.page(f"/seeds/{seeds}/check?template={lacking}")
    assert "capitals needs what rows lack does not fit" in checked
    assert "Seed row 4 has no 'city.name'. city.name line 7, column 45" in checked
    assert "No prompt uses the column 'town'." in checked
    fits = ann.get(f"/seeds/{seeds}/check?template={fitting}")
    assert "All 4 rows fit whole" in text_of(fits)
    assert f"/jobs/new?template={fitting}&amp;seeds={seeds}" in fits.text


def test_rows_are_checked_as_the_seeds_of_a_name(reader: Visitor, milled: Milled) -> None:
    named = {"template": milled.template, "name": "personas"}
    assert "All 2 rows fit reviews as its seeds personas" in reader.page(
        f"/seeds/{milled.seeds['personas']}/check", params=named
    )
    wrong = reader.get(f"/seeds/{milled.seeds['']}/check", params={**named, "name": "persons"})
    assert (wrong.status_code, "Nothing in `vary` draws from the seeds" in text_of(wrong)) == (422, True)


def test_a_set_is_deleted_unless_a_job_draws_from_it(ann: Visitor, reader: Visitor, milled: Milled) -> None:
    seeds = ann.api.seeds()
    assert ann.done(f"/seeds/{seeds}/delete") == "/seeds?done=seeds-deleted"
    assert "The seed set is deleted." in ann.page("/seeds?done=seeds-deleted")
    assert ann.get(f"/seeds/{seeds}").status_code == 404
    held = reader.post(f"/seeds/{milled.seeds['']}/delete")
    assert (held.status_code, "It cannot be deleted now" in text_of(held)) == (409, True)
    assert "draw" in text_of(held)


@pytest.mark.parametrize("path", ["", "/rows/1", "/fits", "/check"])
def test_the_seeds_of_somebody_else_are_not_there(stranger: Visitor, milled: Milled, path: str) -> None:
    assert stranger.get(f"/seeds/{milled.seeds['']}{path}").status_code == 404
    assert stranger.post(f"/seeds/{milled.seeds['']}/delete").status_code == 404


def test_nobody_sees_a_template_of_somebody_else_by_checking_or_generating(ann: Visitor, bob: Visitor) -> None:
    theirs, seeds = ann.api.template(), bob.api.seeds()
    assert bob.get(f"/seeds/{seeds}/check?template={theirs}").status_code == 404
    assert bob.get(f"/seeds/generate?template={theirs}").status_code == 404
    assert bob.post("/seeds/generate", {"template": theirs, "records": "1"}).status_code == 404


def test_rows_are_generated_by_a_template_and_become_a_set(ann: Visitor) -> None:
    lint_here(ann.client)
    template = ann.api.template(TOWNS)
    assert "Choose one" in ann.page("/seeds/generate")
    form = ann.get(f"/seeds/generate?template={template}")
    assert "Columns of a row: name" in text_of(form)
    assert 'name="models.writer"' in form.text
    once = form.text.partition('name="once" value="')[2].partition('"')[0]
    order = {"template": template, "once": once, "records": "3", "name": "my towns", "models.writer": FREE}
    led = ann.done("/seeds/generate", order)
    job = led.removeprefix("/jobs/").partition("?")[0]
    assert led.endswith("?done=job-created")
    assert ann.done("/seeds/generate", order) == led
    assert ann.api.mill(job)["status"] == "completed"
    line = ann.api.get("/seeds").json()["items"][0]
    assert (line["name"], line["rows"], line["job"]) == ("my towns.jsonl", 3, job)
    assert f"/jobs/{job}" in ann.get("/seeds").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"records": "many"}, "Write a whole number from 1 to 100,000."),
        ({"records": "100001"}, "Write a whole number from 1 to 100,000."),
        ({"records": ""}, "Say how many records you want."),
        ({"budget": "two"}, "Write US dollars in digits"),
        ({"models.writer": ""}, "Say which model 'writer' stands for."),
        ({"models.writer": "scripted:nothing-like-it?x=1"}, "scripted"),
    ],
    ids=str,
)
def test_an_order_that_cannot_be_taken_says_why_and_keeps_what_was_typed(
    reader: Visitor, milled: Milled, typed: dict[str, str], words: str
) -> None:
    answer = reader.post("/seeds/generate", {**order_of(milled), "name": "kept name", **typed})
    assert answer.status_code == 422, answer.headers
    assert words in text_of(answer)
    assert 'value="kept name"' in answer.text
    for value in filter(None, typed.values()):
        assert f'value="{value}"' in answer.text


def test_models_that_cost_money_need_a_budget_that_covers_a_call(reader: Visitor, milled: Milled) -> None:
    order = {**order_of(milled), "models.writer": PRICED}
    assert "so the job needs a budget" in text_of(reader.post("/seeds/generate", order))
    small = reader.post("/seeds/generate", {**order, "budget": "0.000001"})
    assert "does not cover the first call" in text_of(small)
    assert 'value="0.000001"' in small.text


def test_a_template_that_draws_from_seeds_asks_for_them(reader: Visitor, milled: Milled) -> None:
    answer = reader.post("/seeds/generate", {**order_of(milled), "seeds": "", "seeds.personas": ""})
    assert answer.status_code == 422
    assert "Choose the seeds: its rows need city.name, city.size." in text_of(answer)
    assert "Choose the seeds 'personas'" in text_of(answer)


def test_before_a_template_is_chosen_nothing_else_is_asked_for(reader: Visitor) -> None:
    page = reader.page("/seeds/generate")
    assert "The template says what else is needed: choose one." in page
    assert "Generate Back" not in page


def order_of(milled: Milled) -> dict[str, str]:
    """The fields of a form that could be taken, of rows that cost nothing."""
    return {
        "template": milled.template,
        "records": "3",
        "seeds": milled.seeds[""],
        "seeds.personas": milled.seeds["personas"],
        "models.writer": FREE,
        "models.grader": FREE,
    }
