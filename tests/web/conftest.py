"""A server with two users and an admin, its pages asked within this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from support.api import join, open_api
from support.milled import Milled, open_milled
from support.web import Visitor, enter, visit


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with open_api(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def admin(client: TestClient) -> Visitor:
    """The first who signed up."""
    return visit(client, "admin@example.org")


@pytest.fixture
def ann(client: TestClient, admin: Visitor) -> Visitor:
    return visit(client, "ann@example.org")


@pytest.fixture
def bob(client: TestClient, admin: Visitor) -> Visitor:
    return visit(client, "bob@example.org")


@pytest.fixture(scope="session")
def milled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milled]:
    """One server for all tests that read what was made once: Ann's job has ended, and Bob has nothing."""
    with open_milled(tmp_path_factory.mktemp("milled")) as opened:
        yield opened


@pytest.fixture(scope="session")
def reader(milled: Milled) -> Visitor:
    """Ann, who looks at what she has."""
    return enter(milled.client, "ann@example.org", milled.ann)


@pytest.fixture(scope="session")
def stranger(milled: Milled) -> Visitor:
    """Bob, who has nothing and may see nothing of Ann's."""
    return enter(milled.client, "bob@example.org", milled.bob)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server for all tests of a module, which keep to names of their own."""
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("server"), patch) as client:
        join(client, "admin@example.org")
        yield client


@pytest.fixture(scope="module")
def cleo(server: TestClient) -> Visitor:
    """Somebody with templates."""
    return enter(server, "cleo@example.org", join(server, "cleo@example.org"))


@pytest.fixture(scope="module")
def dan(server: TestClient) -> Visitor:
    """Somebody else, with none."""
    return enter(server, "dan@example.org", join(server, "dan@example.org"))
