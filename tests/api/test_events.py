"""A job's history as a stream: whole, resumed where it broke off, and at an end with the job."""

from datetime import datetime, timedelta

import pytest

from support.answers import check_forms
from support.api import problem
from support.milled import Milled
from support.streaming import SentEvent, events_of, stream


def told(milled: Milled, job: str, last: int | None = None) -> list[SentEvent]:
    """The whole stream of a job that has ended."""
    after = {} if last is None else {"Last-Event-ID": str(last)}
    return events_of(milled.ann.get(f"/jobs/{job}/events", headers=after).text)


def test_the_history_comes_from_the_start_and_ends_with_the_job(milled: Milled) -> None:
    events = told(milled, milled.job)
    stored = [event for event in events if event.id is not None]
    assert [event.id for event in stored] == list(range(1, len(stored) + 1))
    assert [event.data["status"] for event in stored if event.event == "state"] == ["queued", "running", "short"]
    assert events[-1].event == "end"
    for event in events:
        assert event.data["type"] == event.event
        assert event.data["job"] == milled.job
        assert event.id in {None, event.data["sequence"]}
        assert check_forms(event.data)


def test_progress_says_how_the_job_stands_and_has_no_id(milled: Milled) -> None:
    (progress,) = [event for event in told(milled, milled.job) if event.event == "progress"]
    shown = milled.ann.get(f"/jobs/{milled.job}").json()
    assert progress.id is None
    for part in ("status", "records", "money", "calls", "tokens"):
        assert progress.data[part] == shown[part]


def test_a_broken_stream_goes_on_without_loss_or_repetition(milled: Milled) -> None:
    ids = [event.id for event in told(milled, milled.job) if event.id is not None]
    for last in [0, *ids]:
        again = [event.id for event in told(milled, milled.job, last) if event.id is not None]
        assert again == [key for key in ids if key > last]


def test_a_job_is_followed_while_it_is_made(milled: Milled) -> None:
    job = milled.ordered(records=4)
    with stream(milled.ann, f"/jobs/{job}/events") as following:
        begun = following.next()
        assert milled.ann.mill(job)["finished_at"]
        events = events_of(begun + following.rest())
    stored = [(event.id, event.data) for event in events if event.id is not None]
    assert stored == [(event.id, event.data) for event in told(milled, job) if event.id is not None]
    assert events[-1].event == "end"
    times = [datetime.fromisoformat(event.data["at"]) for event in events if event.event == "progress"]
    assert len(times) > 1
    assert all(after - before >= timedelta(seconds=0.25) for before, after in zip(times, times[1:], strict=False))


def test_proxies_are_told_to_pass_each_event_on(milled: Milled) -> None:
    with stream(milled.ann, f"/jobs/{milled.job}/events") as following:
        following.rest()
    assert following.headers["content-type"].startswith("text/event-stream")
    assert following.headers["cache-control"] == "no-cache"
    assert following.headers["x-accel-buffering"] == "no"


def test_a_quiet_stream_is_kept_alive_until_its_reader_leaves(milled: Milled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    with stream(milled.ann, f"/jobs/{milled.ordered()}/events") as following:
        bits = [following.next() for _ in range(4)]
    assert bits[-1].startswith(":")
    assert events_of(bits[-1]) == []


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "1" * 19, "1; DROP TABLE events"])
def test_an_id_that_no_event_has_is_refused(milled: Milled, last: str) -> None:
    answer = milled.ann.get(f"/jobs/{milled.job}/events", headers={"Last-Event-ID": last})
    problem(answer, 422, "invalid_request")


def test_a_job_of_somebody_else_is_followed_by_nobody(milled: Milled) -> None:
    problem(milled.bob.get(f"/jobs/{milled.job}/events"), 404, "not_found")
