"""The OpenAPI document is whole: a person or a program that reads it needs to guess nothing."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from starlette.testclient import TestClient

from gristmill.api.app import create_app
from gristmill.api.document import TAGS

DOCUMENT = create_app().openapi()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
# Whoever has no account yet, forgot the password, or is a machine that watches the server.
OPEN = {"sign_up", "verify_address", "log_in", "refresh", "forgot_password", "reset_password"} | {
    "healthz",
    "readyz",
    "show_metrics",
}
PROBLEM = "application/problem+json"


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> dict[str, Any]:
    described: dict[str, Any] = OPERATIONS[request.param][2]
    return described


def refusals(operation: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            yield int(status), response


def test_the_document_is_one_of_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_every_operation_has_an_id_of_its_own_that_reads_as_what_it_does() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())
    assert not [name for name in OPERATIONS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name) or "api" in name]


def test_every_operation_says_what_it_does(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"].endswith((".", "…"))
    assert set(operation["tags"]) <= {tag["name"] for tag in TAGS}
    assert len(operation["tags"]) == 1


def test_every_operation_says_who_may_ask(operation: dict[str, Any]) -> None:
    if operation["operationId"] in OPEN:
        assert "security" not in operation
    else:
        assert [list(one) for one in operation["security"]] == [["HTTPBearer"]]
        assert {"401", "403"} <= set(operation["responses"])


def test_every_refusal_is_a_problem_document(operation: dict[str, Any]) -> None:
    for status, response in refusals(operation):
        if (operation["operationId"], status) != ("readyz", 503):
            assert list(response["content"]) == [PROBLEM], status
            assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_refusal_names_its_headers(operation: dict[str, Any]) -> None:
    for status, response in refusals(operation):
        assert "X-Request-Id" in response["headers"]
        assert ("WWW-Authenticate" in response["headers"]) == (status == 401)
        assert ("Retry-After" in response["headers"]) == (status == 429)


def test_whatever_has_a_body_may_find_it_too_large(operation: dict[str, Any]) -> None:
    assert "requestBody" not in operation or "413" in operation["responses"]


def test_every_body_and_every_answer_has_an_example_that_fits(operation: dict[str, Any]) -> None:
    bodies = [operation.get("requestBody", {})]
    bodies += [response for status, response in operation["responses"].items() if status.startswith("2")]
    for media, content in ((media, content) for body in bodies for media, content in body.get("content", {}).items()):
        if media in {"application/json", "multipart/form-data", "text/event-stream"}:
            assert "example" in content, media
        if media == "application/json":
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            jsonschema_rs.Draft202012Validator(schema).validate(content["example"])


def test_every_link_leads_to_an_operation_with_what_it_needs() -> None:
    for _, _, operation in OPERATIONS.values():
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                _, path, target = OPERATIONS[link["operationId"]]
                given = {name.removeprefix("path.") for name in link.get("parameters", {})}
                assert given <= set(re.findall(r"{(\w+)}", path))
                assert "requestBody" not in link or "requestBody" in target


def test_the_document_is_what_the_server_serves(client: TestClient) -> None:
    served = client.get("/api/v1/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.json() == DOCUMENT


def test_the_page_loads_nothing_from_another_host(client: TestClient) -> None:
    page = client.get("/api/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert "//" not in address
        assert client.get(f"/api/v1/{address}").status_code == 200


def test_the_page_keeps_to_its_own_policy(client: TestClient) -> None:
    page = client.get("/api/v1/docs")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", page.text)
    start = client.get("/api/v1/docs/start.js").text
    assert 'url: "openapi.json"' in start
    style = client.get("/api/v1/docs/swagger-ui.css").text
    outside = [
        address for address in re.findall(r"url\(([^)]*)\)", style) if not address.strip("\"'").startswith("data:")
    ]
    assert not outside


@pytest.mark.parametrize("name", ["..%2fdocs.py", "swagger-ui.css.map", "%00", "oauth2-redirect.html"])
def test_the_page_serves_no_other_file(client: TestClient, name: str) -> None:
    assert client.get(f"/api/v1/docs/{name}").status_code == 404
