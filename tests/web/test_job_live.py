"""A job followed by its page: messages of HTML for the parts that change, and an end."""

import re
from collections.abc import Sequence

from gristmill.domain.ids import JobId
from gristmill.jobs.control import pause
from support.milled import RECORDS, Milled
from support.web import Visitor


def messages(visitor: Visitor, job: str) -> Sequence[str]:
    """What a stream that comes to its end sends, a text for each message."""
    answer = visitor.get(f"/jobs/{job}/live", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers
    return [text for text in answer.text.split("\n\n") if text.strip()]


def targets(message: str) -> Sequence[str]:
    return re.findall(r'hx-target="#([a-z-]+)"', message)


def test_an_ended_job_is_sent_whole_and_then_the_stream_is_closed(reader: Visitor, milled: Milled) -> None:
    *parts, last = messages(reader, milled.job)
    assert last.startswith("event: end")
    assert targets(parts[-1]) == ["job-now", "job-head", "job-course"]
    assert "event:" not in parts[-1]
    assert f"of {RECORDS} records are made" in parts[-1]
    assert all(line.startswith("data: ") for line in parts[-1].split("\n"))


def test_every_part_that_is_sent_is_on_the_page(reader: Visitor, milled: Milled) -> None:
    page = reader.get(f"/jobs/{milled.job}").text
    for target in targets(messages(reader, milled.job)[-2]):
        assert page.count(f'id="{target}"') == 1


def test_what_takes_long_is_not_sent_with_every_message(reader: Visitor, milled: Milled) -> None:
    first = messages(reader, milled.job)[0]
    assert "job-course" not in targets(first)
    assert len(first) < 8_000


def test_whoever_comes_back_is_told_everything_once_more(reader: Visitor, milled: Milled) -> None:
    def without_times(message: str) -> str:
        return re.sub(r"\d+ \w+ ago", "", message)

    first, second = messages(reader, milled.job), messages(reader, milled.job)
    assert [without_times(text) for text in first] == [without_times(text) for text in second]


def test_a_stream_ends_with_the_job_that_it_follows(ann: Visitor) -> None:
    job = ann.api.job()
    portal = ann.client.portal
    assert portal is not None
    # Paused before anybody works on it, it ends at once: the stream tells that, and no more.
    portal.start_task_soon(pause, ann.api.service.store, JobId(job))
    *parts, last = messages(ann, job)
    assert last.startswith("event: end")
    assert "It is paused at 0 of 4 records" in parts[-1]
    assert f'action="/jobs/{job}/resume"' in parts[-1]


def test_nobody_follows_a_job_without_the_cookie(milled: Milled, reader: Visitor) -> None:
    held, reader.cookies = reader.cookies, {}
    try:
        answer = reader.get(f"/jobs/{milled.job}/live", headers={"HX-Request": "true"})
    finally:
        reader.cookies = held
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/login")
