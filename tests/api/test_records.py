"""The records of a job over HTTP: filtered, paged, streamed, traced, counted, accounted for and marked."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from gristmill.domain.listing import RecordFilter, RowPlace
from gristmill.ports.index import Found, RecordIndex, Shown
from support.answers import all_items, check_forms, nano
from support.api import problem
from support.milled import RECORDS, Milled
from support.streaming import stream

LINES = {"Accept": "application/x-ndjson"}


def items(milled: Milled, **query: Any) -> list[Any]:
    """All that match, at once."""
    return all_items(milled.ann, f"/jobs/{milled.job}/records", limit=200, **query)


def matching(milled: Milled, **query: Any) -> list[Any]:
    """All that match, and something does not."""
    every, found = items(milled, status="all"), items(milled, **query)
    assert 0 < len(found) < len(every)
    return found


def test_records_are_listed_by_slot_with_all_there_is_to_know(milled: Milled) -> None:
    found = items(milled)
    assert [item["slot"] for item in found] == sorted(item["slot"] for item in found)
    assert len(found) == milled.ann.get(f"/jobs/{milled.job}").json()["records"]["accepted"]
    for item in found:
        assert item["status"] == "accepted"
        assert item["reason"] is None
        assert item["score"] >= 3
        assert {*item["record"]} == {"question", "tone", "place"}
        assert check_forms(item) == 1


def test_each_filter_holds_of_everything_that_is_found(milled: Milled) -> None:
    rejected = matching(milled, status="rejected")
    assert {(item["status"], item["reason"]) for item in rejected} == {("rejected", "judged below 3")}
    assert matching(milled, status="all", reason="judged below 3") == rejected
    assert all(item["score"] >= 4 for item in matching(milled, score_min=4))
    assert all(item["record"]["tone"] == "terse" for item in matching(milled, **{"field.tone": "terse"}))
    assert all(item["record"]["place"]["city"] == "Oslo" for item in matching(milled, **{"field.place.city": "Oslo"}))
    assert all(item["record"]["place"]["size"] == 1 for item in matching(milled, **{"field.place.size": "1"}))
    assert all("rome" in item["record"]["question"].lower() for item in matching(milled, q="rOmE"))


def test_filters_hold_together(milled: Milled) -> None:
    query = {"status": "all", "score_min": 2, "field.tone": "formal", "field.place.city": "Oslo", "q": "oslo"}
    expected = [
        item
        for item in items(milled, status="all")
        if item["score"] >= 2 and (item["record"]["tone"], item["record"]["place"]["city"]) == ("formal", "Oslo")
    ]
    assert matching(milled, **query) == expected


@pytest.mark.parametrize("query", [{}, {"status": "all"}, {"status": "rejected"}, {"field.tone": "terse"}, {"q": "a"}])
def test_pages_follow_one_another_to_the_end(milled: Milled, query: dict[str, Any]) -> None:
    assert all_items(milled.ann, f"/jobs/{milled.job}/records", limit=3, **query) == items(milled, **query)


ODD = ["' OR '1'='1", "x' UNION SELECT 1 --", "%", "_", "\\", '"', "; DROP TABLE jobs; --", "💥", "../../etc/passwd"]


@pytest.mark.parametrize("text", ODD)
def test_what_is_searched_for_is_only_ever_a_value(milled: Milled, text: str) -> None:
    for query in ({"reason": text}, {"field.tone": text}, {f"field.{text}": "terse"}, {"q": f"{text}{text}"}):
        assert items(milled, status="all", **query) == []


def test_the_end_of_a_text_is_not_hidden_behind_a_null(milled: Milled) -> None:
    assert items(milled, **{"field.tone": "terse\0"}) == items(milled, q="\0") == []


REFUSED = [
    {"score_min": "NaN"},
    {"score_min": "many"},
    {"mark": "ugly"},
    {"status": "withdrawn"},
    {"limit": 201},
    {"q": "x" * 1001},
    {"field.tone": "x" * 1001},
    {f"field.{'x' * 1001}": "y"},
    {f"field.{i}": "x" for i in range(21)},
]


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: next(iter(query))[:20])
def test_a_query_that_cannot_be_asked_is_refused(milled: Milled, query: dict[str, Any]) -> None:
    for headers in ({}, LINES):
        answer = milled.ann.get(f"/jobs/{milled.job}/records", params=query, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["code"] in {"invalid_request", "bad_input"}


@pytest.mark.parametrize("cursor", ["x", "e30", "WyJyZWNvcmRzIiwtMSwwXQ", "WyJsZWRnZXIiLCJ4IiwwXQ", "%00"])
def test_a_cursor_of_no_page_is_refused(milled: Milled, cursor: str) -> None:
    for path in ("records", "ledger"):
        query = {"cursor": cursor}
        problem(milled.ann.get(f"/jobs/{milled.job}/{path}", params=query), 422, "invalid_cursor")


def test_a_stream_has_a_line_for_every_record_that_matches(milled: Milled) -> None:
    query = {"status": "all", "field.tone": "terse"}
    answer = milled.ann.get(f"/jobs/{milled.job}/records", params=query, headers=LINES)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in answer.text.splitlines()] == items(milled, **query)


@dataclass(slots=True)
class EndlessIndex:
    """An index that finds what the real one finds, and then looks on for ever."""

    real: RecordIndex
    ended: bool = False

    async def find(
        self, shown: Shown, wanted: RecordFilter, *, after: RowPlace, most: int
    ) -> AsyncGenerator[Found, None]:
        try:
            async for found in self.real.find(shown, wanted, after=after, most=most):
                yield found
            await asyncio.Event().wait()
        finally:
            self.ended = True


def test_lines_come_while_the_search_goes_on_which_ends_when_its_reader_leaves(milled: Milled) -> None:
    first, index = items(milled)[0], EndlessIndex(milled.ann.service.index)
    with milled.serving(index=index), stream(milled.ann, f"/jobs/{milled.job}/records", **LINES) as found:
        assert json.loads(found.next()) == first
        assert not index.ended
    assert index.ended


def test_the_trace_of_a_record_shows_every_attempt_and_call(milled: Milled) -> None:
    redrawn = next(item for item in items(milled) if item["attempt"] == 1)
    trace = milled.ann.get(f"/jobs/{milled.job}/records/{redrawn['slot']}").json()
    assert (trace["status"], trace["record"], trace["mark"]) == ("accepted", redrawn["record"], None)
    assert trace["seed"]["city"]["name"] == redrawn["record"]["place"]["city"]
    assert trace["values"]["tone"] == redrawn["record"]["tone"]
    assert [(one["attempt"], one["outcome"]) for one in trace["attempts"]] == [(0, "rejected"), (1, "accepted")]
    for attempt in trace["attempts"]:
        assert [call["kind"] for call in attempt["calls"]] == ["call", "judge"]
        assert [check["passed"] for check in attempt["checks"]] == [attempt["outcome"] == "accepted"]
    assert check_forms(trace) == 8


def test_the_trace_of_a_slot_that_was_given_up_ends_in_a_reject(milled: Milled) -> None:
    made = {item["slot"] for item in items(milled)}
    given_up = next(slot for slot in range(RECORDS) if slot not in made)
    trace = milled.ann.get(f"/jobs/{milled.job}/records/{given_up}").json()
    assert (trace["status"], len(trace["attempts"])) == ("rejected", 2)
    assert {one["reason"] for one in trace["attempts"]} == {"judged below 3"}


def test_a_slot_of_which_nothing_is_known_has_no_trace(milled: Milled) -> None:
    job = milled.ordered()
    for slot in (0, 2, 2**31 - 1):
        problem(milled.ann.get(f"/jobs/{job}/records/{slot}"), 404, "not_found")
    for slot in ("-1", "x", str(2**31)):
        problem(milled.ann.get(f"/jobs/{job}/records/{slot}"), 422, "invalid_request")


def test_rejects_are_counted_by_reason_with_a_few_of_each(milled: Milled) -> None:
    shown = milled.ann.get(f"/jobs/{milled.job}/rejects").json()
    rejected = items(milled, status="rejected")
    assert shown["rejected"] == len(rejected)
    assert [(one["reason"], one["count"]) for one in shown["reasons"]] == [("judged below 3", len(rejected))]
    assert shown["reasons"][0]["examples"] == rejected[:3]


def test_the_ledger_adds_up_to_the_bill_to_the_nano_dollar(milled: Milled) -> None:
    path = f"/jobs/{milled.job}/ledger"
    entries = all_items(milled.ann, path, limit=7)
    whole = milled.ann.get(path, params={"limit": 200}).json()
    assert entries == whole["items"]
    job = milled.ann.get(f"/jobs/{milled.job}").json()
    billed = sum(nano(entry["cost_usd"]) for entry in entries if entry["certainty"] == "billed")
    assert billed == nano(whole["totals"]["billed_usd"]) == nano(job["money"]["billed_usd"]) > 0
    assert whole["totals"] == {**whole["totals"], "presumed_usd": "0.00", "lost_usd": "0.00"}
    assert len(entries) == job["calls"]["made"]
    assert sum(entry["tokens"]["input"] for entry in entries) == job["tokens"]["input"]
    assert Counter(entry["kind"] for entry in entries) == {"call": len(entries) // 2, "judge": len(entries) // 2}
    assert check_forms(entries) == 2 * len(entries)


def test_statistics_are_of_all_records(milled: Milled) -> None:
    shown = milled.ann.get(f"/jobs/{milled.job}/statistics").json()
    made = items(milled)
    assert (shown["accepted"], shown["counted"], shown["is_whole"]) == (len(made), len(made), True)
    assert shown["rejects"] == {"judged below 3": shown["rejected"]}
    tones = {one["label"]: one["count"] for one in shown["fields"]["tone"]["labels"]}
    assert tones == Counter(item["record"]["tone"] for item in made)


def test_a_job_of_which_nothing_is_made_has_nothing_to_show(milled: Milled) -> None:
    path = f"/jobs/{milled.ordered()}"
    assert milled.ann.get(f"{path}/records").json() == {"items": [], "next_cursor": None}
    assert milled.ann.get(f"{path}/rejects").json() == {"rejected": 0, "reasons": []}
    assert milled.ann.get(f"{path}/ledger").json()["items"] == []
    assert milled.ann.get(f"{path}/statistics").json()["counted"] == 0


@pytest.fixture(scope="module")
def marked(milled: Milled) -> str:
    """A job of three records, whose marks a test may set."""
    job = milled.ordered(records=3, checks=[], models={"writer": "scripted:demo?seed=1"})
    assert milled.ann.mill(job)["records"]["accepted"] == 3
    return job


def marks(milled: Milled, job: str, mark: str) -> list[int]:
    return [item["slot"] for item in milled.ann.get(f"/jobs/{job}/records?mark={mark}").json()["items"]]


def test_marks_are_set_changed_and_taken_away(milled: Milled, marked: str) -> None:
    def put(slots: list[int], mark: str | None, note: str = "") -> None:
        answer = milled.ann.ask("PUT", f"/jobs/{marked}/marks", json={"slots": slots, "mark": mark, "note": note})
        assert (answer.status_code, answer.content) == (204, b"")

    put([0, 2], "good", "well put")
    assert (marks(milled, marked, "good"), marks(milled, marked, "bad")) == ([0, 2], [])
    put([2, 1], "bad")
    assert (marks(milled, marked, "good"), marks(milled, marked, "bad")) == ([0], [1, 2])
    shown = milled.ann.get(f"/jobs/{marked}/records/0").json()["mark"]
    assert (shown["mark"], shown["note"], check_forms(shown)) == ("good", "well put", 1)
    assert milled.ann.get(f"/jobs/{marked}/records").json()["items"][0]["mark"] == shown
    put([0, 1, 2], None)
    assert (marks(milled, marked, "good"), marks(milled, marked, "bad")) == ([], [])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"slots": [3], "mark": "good"}, "bad_input"),
    ({"slots": [-1], "mark": "good"}, "invalid_request"),
    ({"slots": [], "mark": "good"}, "invalid_request"),
    ({"slots": [0] * 10_001, "mark": "good"}, "invalid_request"),
    ({"slots": [0], "mark": "ugly"}, "invalid_request"),
    ({"slots": [0], "mark": "good", "note": "x" * 2001}, "invalid_request"),
    ({"slots": [0]}, "invalid_request"),
]


@pytest.mark.parametrize(("body", "code"), WRONG, ids=lambda value: str(value)[:40])
def test_a_mark_that_cannot_be_is_refused(milled: Milled, marked: str, body: dict[str, Any], code: str) -> None:
    problem(milled.ann.ask("PUT", f"/jobs/{marked}/marks", json=body), 422, code)
    assert marks(milled, marked, "good") == []
