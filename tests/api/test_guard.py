"""Without accounts whoever reaches the server may do everything: pages of other sites do not."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from support.api import Api, open_api, problem


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with open_api(tmp_path, monkeypatch, AUTH="none:", PUBLIC_URL="https://mill.example.org") as client:
        client.base_url = "http://127.0.0.1:8080"
        yield Api(client, {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "127.9.9.9", "mill.example.org"])
def test_this_machine_and_the_public_url_are_answered(lonely: Api, host: str) -> None:
    assert lonely.get("/jobs", headers={"Host": host}).is_success


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", "", "[", "localhost@evil.example"]
)
def test_a_name_that_leads_here_is_not_answered(lonely: Api, host: str) -> None:
    problem(lonely.get("/jobs", headers={"Host": host}), 403, "forbidden")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_changes_nothing(lonely: Api, headers: Mapping[str, str]) -> None:
    problem(lonely.ask("POST", "/seeds", files={"file": ("a.jsonl", b'{"a": 1}')}, headers=headers), 403, "forbidden")
    assert lonely.get("/seeds").json()["items"] == []


def test_our_own_pages_may(lonely: Api) -> None:
    headers = {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}
    assert lonely.ask("POST", "/seeds", files={"file": ("a.jsonl", b'{"a": 1}')}, headers=headers).is_success


def test_a_server_with_accounts_asks_for_a_credential_alone(client: TestClient, ann: Api) -> None:
    assert ann.get("/jobs", headers={"Host": "any.example", "Origin": "https://any.example"}).is_success


def test_a_request_that_fails_unforeseen_is_logged_once_under_its_id(ann: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(ann.service.store), "list_seeds", fall)
    with capture_logs([merge_contextvars]) as logs:
        refused = problem(ann.get("/seeds"), 500, "internal")
    assert "ZeroDivisionError" not in str(refused)
    assert [(log["event"], log["request_id"]) for log in logs] == [
        ("request_failed", refused["request_id"]),
        ("request", refused["request_id"]),
    ]


def test_figures_are_told(client: TestClient) -> None:
    assert "gristmill_workers 0.0" in client.get("/metrics").text
