"""A server with two users and an admin, asked within this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from support.api import Api, join, open_api


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with open_api(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def admin(client: TestClient) -> Api:
    """The first who signed up."""
    return join(client, "admin@example.org")


@pytest.fixture
def ann(client: TestClient, admin: Api) -> Api:
    return join(client, "ann@example.org")


@pytest.fixture
def bob(client: TestClient, admin: Api) -> Api:
    return join(client, "bob@example.org")
