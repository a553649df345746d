"""A server with two users and an admin, asked within this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from support.api import Api, join, open_api
from support.milled import Milled, open_milled


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


@pytest.fixture(scope="session")
def milled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milled]:
    """One server for all tests that read what was made once, or add to it what disturbs no other."""
    with open_milled(tmp_path_factory.mktemp("milled")) as opened:
        yield opened
