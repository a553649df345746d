"""What generators seldom write: odd values in every place of every request, and requests that are hardly any."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gristmill.api.app import create_app
from support.api import Api, join, open_api, problem

OPERATIONS: Final = {
    operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"), operation)
    for path, methods in create_app().openapi()["paths"].items()
    for method, operation in methods.items()
    if path.startswith("/api/v1")
}
JSON: Final = "application/json"
BODIES: Final = {
    name: operation["requestBody"]["content"][JSON]["example"]
    for name, (_, _, operation) in OPERATIONS.items()
    if JSON in operation.get("requestBody", {}).get("content", {})
}
# As they stand in a body: a half of a pair, the end of C's texts, nothing, another script's digits, more than 64 bits,
# what no JSON has, years no calendar of ours has, and money in exponents.
ODD: Final = (
    r'"\ud800"',
    r'"a\u0000b"',
    '""',
    '"٣"',
    "1" + "0" * 30,
    "-1",
    "NaN",
    "1e999",
    "null",
    "[]",
    "{}",
    '{"\\ud800": "\\ud800"}',
    '"0001-01-01T00:00:00+23:59"',
    '"9999-12-31T23:59:59-23:59"',
    '"2030-01-01T00:00:00"',
    '"1e3"',
    '"../../etc/passwd"',
)
# Their templates are read in a child process, each of them.
SLOW: Final = {"create_template", "lint_template", "preview_template"}
EACH: Final = [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in BODIES]
HOLE: Final = "-- odd --"


def with_holes(value: Any) -> Iterator[Any]:
    """The value with each of its parts, at whatever depth, replaced by a hole in turn."""
    match value:
        case dict():
            for name, part in value.items():
                yield from ({**value, name: holed} for holed in with_holes(part))
        case list():
            for place, part in enumerate(value):
                yield from ([*value[:place], holed, *value[place + 1 :]] for holed in with_holes(part))
        case _:
            pass
    yield HOLE


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("odd"), patch) as client:
        yield join(client, "ann@example.org")


def must_be_documented(response: Response, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    assert response.status_code < 500, (method, path, response.text)
    assert str(response.status_code) in operation["responses"], (method, path, response.text)
    if response.status_code >= 400:
        problem(response, response.status_code, response.json()["code"])


@pytest.mark.parametrize("name", EACH)
def test_odd_values_in_bodies_are_refused_or_taken_and_never_break_anything(town: Api, name: str) -> None:
    method, path, _ = OPERATIONS[name]
    for holed in with_holes(BODIES[name]):
        for odd in ODD:
            body = json.dumps(holed).replace(f'"{HOLE}"', odd).encode()
            response = town.ask(method, path.replace("{id}", "nobody"), content=body, headers={"Content-Type": JSON})
            must_be_documented(response, name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_odd_paths_and_parameters_are_refused_or_taken_and_never_break_anything(town: Api, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    odd = ("%00", "%ED%A0%80", "%FF", "%D9%A3", "9" * 30, "-1", "..%2f..%2fetc", "a" * 5_000, "NaN", "1e400", " ")
    body = BODIES.get(name)
    for value in odd if name not in {"log_out", "delete_me"} else ():
        if "{" in path:
            asked = path.replace("{id}", value).replace("{slot}", value)
            response = town.ask(method, asked, json=body)
            if "%2f" not in asked:
                must_be_documented(response, name)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                asked = f"{path.replace('{id}', 'x').replace('{slot}', '0')}?{parameter['name']}={value}"
                must_be_documented(town.ask(method, asked, json=body), name)
                must_be_documented(town.ask(method, f"{asked}&{parameter['name']}=1", json=body), name)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"\xff\xfe", JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 50_000, JSON),
        (b"9" * 10_000, JSON),
        (b"null", JSON),
        (b'"text"', JSON),
        (b"name=x", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
        (b"{}", "application/json; charset=no-such"),
        (b"{}", "\xe9/\xe9"),
        (b"--x", "multipart/form-data"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=y"),
        (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nno end", "multipart/form-data; boundary=x"),
    ],
)
@pytest.mark.parametrize("name", ["create_template", "create_job", "upload_seeds", "top_up_job", "sign_up"])
def test_a_body_that_is_none_is_a_problem_of_its_sender(town: Api, name: str, content: bytes, kind: str) -> None:
    method, path, _ = OPERATIONS[name]
    headers = {"Content-Type": kind.encode("latin-1")}
    response = town.ask(method, path.replace("{id}", "x"), content=content, headers=headers)
    must_be_documented(response, name)
    # Who logs in needs few bytes: there a long body is refused for its length.
    assert response.status_code in {404, 413, 422}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_answered_with_those_that_there_are(town: Api, method: str) -> None:
    response = town.ask(method, "/auth/me")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET")


@pytest.mark.parametrize(
    "header", ["Authorization", "Idempotency-Key", "Last-Event-ID", "X-Request-Id", "Accept", "Range"]
)
@pytest.mark.parametrize("value", [b"\xff", b"", "٣".encode(), b"9" * 5_000, b"-1", b"Bearer \xff", b"Bearer"])
def test_odd_headers_never_break_anything(town: Api, header: str, value: bytes) -> None:
    for name in ("list_templates", "estimate_job", "follow_job", "browse_records", "download_export"):
        method, path, _ = OPERATIONS[name]
        body = BODIES.get(name)
        must_be_documented(town.ask(method, path.replace("{id}", "x"), json=body, headers={header: value}), name)


def test_a_key_of_a_request_that_could_not_be_read_is_free_again(town: Api) -> None:
    headers = {"Idempotency-Key": "unreadable", "Content-Type": JSON}
    for _ in range(2):
        response = town.ask("POST", "/templates", content=b"\xff", headers=headers)
        problem(response, 422, "invalid_request")


def test_figures_are_served(client: TestClient) -> None:
    figures = client.get("/metrics")
    assert figures.status_code == 200
    assert "gristmill_jobs" in figures.text
