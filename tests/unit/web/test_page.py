"""Pages and parts of them, whatever a model wrote."""

from typing import Any

from fastapi import Request

from gristmill.web.page import fill


def test_half_a_letter_breaks_no_part_of_a_page() -> None:
    scope: dict[str, Any] = {"type": "http", "headers": []}
    part = fill(Request(scope), "parts/problem.html", title="A reply", detail="half \ud83d of one", findings=())
    assert "half \ufffd of one" in part
    part.encode()
