"""The records of a job as pages: listed, filtered, looked through page by page, opened and marked."""

import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from support.milled import RECORDS, Milled
from support.web import Visitor, text_of

HTMX = {"HX-Request": "true"}


def table(visitor: Visitor, path: str) -> list[str]:
    """The rows of a page, each as text."""
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    bodies = re.findall(r'<tbody class="rows">(.*?)</tbody>', answer.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for body in bodies for row in body.split("</tr>")[:-1]]


def slots_in(rows: list[str]) -> list[int]:
    return [int(row.split()[0]) for row in rows]


def records(milled: Milled, query: str = "") -> str:
    return f"/jobs/{milled.job}/records{query}"


@pytest.fixture
def small(ann: Visitor) -> str:
    """The id of an own job of Ann's of four records, which are made."""
    job = ann.api.job()
    assert ann.api.mill(job)["status"] == "completed"
    return job


def test_records_are_listed_with_their_fields_and_every_number_of_the_job(reader: Visitor, milled: Milled) -> None:
    page = reader.page(records(milled))
    job = reader.api.get(f"/jobs/{milled.job}").json()
    assert "Records of told" in page
    assert f"{job['records']['accepted']} accepted of {RECORDS} asked" in page
    assert f"{job['records']['rejected']} rejected" in page
    rows = table(reader, records(milled))
    assert len(rows) == job["records"]["accepted"]
    first = reader.api.get(f"/jobs/{milled.job}/records").json()["items"][0]
    assert first["record"]["question"][:40] in rows[0]
    assert first["record"]["tone"] in rows[0]
    assert '{"city"' in rows[0].replace("&#34;", '"')


@pytest.mark.parametrize(
    "query",
    [
        "status=rejected",
        "status=all",
        "score_min=5",
        "q=LIMA",
        "field.tone=formal",
        "field.place.city=Oslo",
        "mark=good",
    ],
)
def test_each_filter_finds_what_the_api_finds(reader: Visitor, milled: Milled, query: str) -> None:
    found = reader.api.get(f"/jobs/{milled.job}/records?{query}&limit=25").json()["items"]
    assert slots_in(table(reader, records(milled, f"?{query}"))) == [item["slot"] for item in found]


def test_a_reason_is_chosen_among_those_there_are(reader: Visitor, milled: Milled) -> None:
    reasons = reader.api.get(f"/jobs/{milled.job}/rejects").json()["reasons"]
    reason, count = reasons[0]["reason"], reasons[0]["count"]
    assert f"{reason} ({count})" in reader.page(records(milled))
    address = reader.get(records(milled, f"?show=reason:{quote(reason)}&q=&mark=")).headers["location"]
    assert address == records(milled, f"?status=rejected&reason={quote(reason).replace('%20', '+')}")
    rows = table(reader, address)
    assert len(rows) == min(count, 25)
    assert all(reason in row for row in rows)


def test_the_form_leads_to_an_address_without_what_was_left_empty(reader: Visitor, milled: Milled) -> None:
    form = "?q=oslo&show=all&mark=&score_min=&from=&field=place.city&value=Oslo"
    answer = reader.get(records(milled, form))
    assert answer.headers["location"] == records(milled, "?field.place.city=Oslo&q=oslo&status=all")
    page = reader.get(answer.headers["location"]).text
    assert 'value="oslo"' in page
    assert '<option value="all" selected>' in page
    assert 'name="field.place.city" value="Oslo"' in page


def test_while_somebody_types_the_part_says_the_address_to_show(reader: Visitor, milled: Milled) -> None:
    answer = reader.get(records(milled, "?q=oslo&show=accepted&mark=&score_min="), headers=HTMX)
    assert (answer.status_code, answer.headers["hx-replace-url"]) == (200, records(milled, "?q=oslo"))
    assert 'id="results"' in answer.text


def test_a_value_leads_to_the_records_that_share_it(reader: Visitor, milled: Milled) -> None:
    link = re.search(
        r'<a class="same two" tabindex="-1" href="(\?field\.tone=[a-z]+)"', reader.get(records(milled)).text
    )
    assert link is not None
    assert table(reader, records(milled, link[1]))


@pytest.mark.parametrize(
    ("query", "words", "kept"),
    [
        ("score_min=high", "A score is a number, such as 4.", 'value="high"'),
        ("score_min=nan", "A score is a number, such as 4.", 'value="nan"'),
        ("from=-3", "A slot is a whole number from 0 on.", 'value="-3"'),
        ("from=99999999999", "A slot is a whole number from 0 on.", 'value="99999999999"'),
        (f"q={'x' * 1001}", "has at most 1,000 characters", "x" * 1001),
        ("cursor=nonsense&q=oslo", "cursor", 'value="oslo"'),
    ],
)
def test_a_filter_that_cannot_be_asked_says_why_and_keeps_what_was_typed(
    reader: Visitor, milled: Milled, query: str, words: str, kept: str
) -> None:
    answer = reader.get(records(milled, f"?{query}"))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert kept in answer.text


def test_where_nothing_matches_that_is_said_with_the_way_back(reader: Visitor, milled: Milled) -> None:
    page = reader.page(records(milled, "?q=nobody+says+so"))
    assert "No accepted record is like that." in page
    assert "Clear all filters" in page


def test_a_job_that_has_made_nothing_yet_says_so(ann: Visitor) -> None:
    job = ann.api.job()
    assert "No record is made yet." in ann.page(f"/jobs/{job}/records")
    assert "This record is not made yet." in ann.page(f"/jobs/{job}/records/0")


def test_a_list_goes_on_page_by_page_and_from_a_slot(ann: Visitor) -> None:
    job = ann.api.job(records=140)
    ann.api.mill(job)
    page = ann.get(f"/jobs/{job}/records").text
    links = dict(re.findall(r'(href|hx-get)="([^"]*cursor=[^"]*)"', page))
    assert slots_in(table(ann, f"/jobs/{job}/records")) == [*range(25)]
    assert slots_in(table(ann, links["href"].replace("&amp;", "&"))) == [*range(25, 50)]
    # The rows for the table that is there are more, and stand under its columns, whatever they lack themselves.
    assert "column=question&amp;column=city" in links["hx-get"]
    assert slots_in(table(ann, links["hx-get"].replace("&amp;", "&"))) == [*range(25, 125)]
    assert slots_in(table(ann, f"/jobs/{job}/records?from=137")) == [*range(137, 140)]


def test_marks_are_given_to_many_with_a_note_and_taken_away_again(ann: Visitor, small: str) -> None:
    form = {"slots": ["0", "2"], "mark": "good", "note": " clear and short ", "view": "q=a&status=all"}
    assert ann.done(f"/jobs/{small}/marks", form) == f"/jobs/{small}/records?q=a&status=all&done=marked"
    marks = [item["mark"] for item in ann.api.get(f"/jobs/{small}/records").json()["items"]]
    assert [mark and (mark["mark"], mark["note"]) for mark in marks] == [
        ("good", "clear and short"), None, ("good", "clear and short"), None,
    ]  # fmt: skip
    assert 'title="clear and short"' in ann.get(f"/jobs/{small}/records?mark=good").text
    assert ann.done(f"/jobs/{small}/marks", {"slots": ["0", "2"], "mark": "clear"}).endswith("records?done=marked")
    assert table(ann, f"/jobs/{small}/records?mark=good") == []


def test_marks_that_cannot_be_given_say_why_and_keep_the_note_and_the_choice(ann: Visitor, small: str) -> None:
    nothing = ann.post(f"/jobs/{small}/marks", {"mark": "good", "note": "for later", "view": "status=all"})
    assert nothing.status_code == 422
    assert "Choose the records first" in text_of(nothing)
    assert 'value="for later"' in nothing.text
    stray = ann.post(f"/jobs/{small}/marks", {"slots": ["1", "99"], "mark": "bad"})
    assert stray.status_code == 422
    assert "has no slot 99" in text_of(stray)
    assert 'aria-label="Select slot 1" checked' in stray.text


def test_a_script_marks_without_a_new_page(ann: Visitor, small: str) -> None:
    assert ann.post(f"/jobs/{small}/marks", {"slots": "3", "mark": "bad"}, headers=HTMX).status_code == 204
    assert len(table(ann, f"/jobs/{small}/records?mark=bad")) == 1


def test_a_record_shows_its_fields_and_how_it_came_to_be(reader: Visitor, milled: Milled) -> None:
    trace = reader.api.get(f"/jobs/{milled.job}/records/0").json()
    page = reader.page(f"/jobs/{milled.job}/records/0")
    assert f"Slot 0 {trace['status']}" in page
    assert trace["record"]["question"] in page
    for attempt in trace["attempts"]:
        assert f"Attempt {attempt['attempt'] + 1} {attempt['outcome']}" in page
        for call in attempt["calls"]:
            assert call["step"] in page
            assert f"{call['tokens']['input']} in, {call['tokens']['output']} out" in page
        for check in attempt["checks"]:
            assert check["words"] in page
    assert "Seed row 0" in page
    assert trace["values"]["persona"]["role"] in page
    assert "reviews, version 1" in page
    assert "You grade one record" in page


def test_a_record_leads_to_its_neighbours(reader: Visitor, milled: Milled) -> None:
    first = reader.get(f"/jobs/{milled.job}/records/0").text
    last = reader.get(f"/jobs/{milled.job}/records/{RECORDS - 1}").text
    assert ('rel="prev"' in first, 'rel="next"' in first) == (False, True)
    assert ('rel="prev"' in last, 'rel="next"' in last) == (True, False)


def test_a_record_is_marked_on_its_own_page(ann: Visitor, small: str) -> None:
    path = f"/jobs/{small}/records/1"
    assert ann.done(f"{path}/mark", {"mark": "bad", "note": "made up"}) == f"{path}?done=marked"
    page = ann.get(path).text
    assert "made up</textarea>" in page
    assert "Marked bad" in page
    refused = ann.post(f"{path}/mark", {"mark": "bad", "note": "x" * 2001})
    assert (refused.status_code, "A note has at most 2,000 characters" in text_of(refused)) == (422, True)
    assert "x" * 2001 in refused.text


def test_what_a_model_wrote_stays_text(ann: Visitor) -> None:
    source = (
        'name: hostile\ndefaults: {model: "scripted:demo"}\nsteps: [{id: a, prompt: "Say {{ city.name }}"}]\n'
        'record:\n  html: "{{ city.name }}<script>alert(1)</script>"\n'
        '  talk: [{role: user, content: "<b>{{ city.name }}</b>"}]\n'
    )
    job = ann.api.job(source, records=1)
    ann.api.mill(job)
    for path in (f"/jobs/{job}/records", f"/jobs/{job}/records/0"):
        page = ann.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
    assert 'data-role="user"' in page


@pytest.mark.parametrize("path", ["", "/0"])
def test_the_records_of_another_are_not_there(stranger: Visitor, milled: Milled, path: str) -> None:
    assert stranger.get(f"/jobs/{milled.job}/records{path}").status_code == 404


def test_the_records_of_another_cannot_be_marked(stranger: Visitor, milled: Milled) -> None:
    for path in ("marks", "records/0/mark"):
        assert stranger.post(f"/jobs/{milled.job}/{path}", {"slots": "0", "mark": "good"}).status_code == 404


def test_a_slot_that_the_job_does_not_have_is_not_there(reader: Visitor, milled: Milled) -> None:
    answer = reader.get(f"/jobs/{milled.job}/records/{RECORDS}")
    assert (answer.status_code, f"has no slot {RECORDS}" in text_of(answer)) == (404, True)
    assert reader.get(f"/jobs/{milled.job}/records/x").status_code == 422


def test_nobody_sees_records_without_a_login(client: TestClient) -> None:
    assert client.get("/jobs/any/records", follow_redirects=False).headers["location"].startswith("/login")
