"""Requests of another size or form than is taken, refused alike by every endpoint."""

from typing import Any

import pytest

from api.table import Endpoint, endpoints
from support.api import PREFIX, problem
from support.milled import Milled

EVERY = [endpoint for endpoint in endpoints() if endpoint.is_secured]


def ask(milled: Milled, endpoint: Endpoint, thing: str, **rest: Any) -> Any:
    return milled.ann.ask(endpoint.method, endpoint.path.format(id=thing, slot=0), **rest)


@pytest.mark.parametrize("endpoint", [one for one in EVERY if 413 in one.statuses], ids=str)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(milled: Milled, endpoint: Endpoint) -> None:
    headers = {"content-length": str(1 << 40), "content-type": "application/json"}
    problem(ask(milled, endpoint, milled.job, headers=headers, content=b"{}"), 413, "too_large")


def test_a_body_that_grows_too_large_is_cut_off(milled: Milled) -> None:
    body = (b" " * (1 << 16) for _ in range(40))
    answer = milled.client.post(f"{PREFIX}/jobs", content=body, headers={**milled.ann.headers})
    problem(answer, 413, "too_large")


NAMED = [one for one in EVERY if "{id}" in one.path and not one.path.startswith("/admin")]


@pytest.mark.parametrize("endpoint", [one for one in NAMED if not one.path.startswith("/seeds")], ids=str)
def test_an_id_that_is_too_long_is_refused(milled: Milled, endpoint: Endpoint) -> None:
    answer = problem(ask(milled, endpoint, "x" * 65), 422, "invalid_request")
    assert "path.id" in {error["path"] for error in answer["errors"]}


def test_numbers_nest_no_deeper_than_they_are_read(milled: Milled) -> None:
    deep = b'{"template": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    headers = {"content-type": "application/json"}
    problem(milled.ann.ask("POST", "/jobs", content=deep, headers=headers), 422, "invalid_request")
