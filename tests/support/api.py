"""The API over a real store in a temporary folder, asked within this process; its records are made when a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gristmill.api.app import create_app
from gristmill.domain.ids import JobId, WorkerId
from gristmill.web.app import create_pages
from gristmill.wiring.service import Service, open_service
from gristmill.wiring.settings import read_settings
from gristmill.wiring.workers import open_turn_ports
from gristmill.worker import lend_models, run_worker
from support.people import CHEAP, PASSWORD, Pigeonhole

PREFIX = "/api/v1"

TEMPLATE = """\
name: capitals
description: Questions about cities
defaults: {model: "scripted:demo", max_tokens: 50}
vary: {tone: [formal, terse]}
steps:
  - id: question
    prompt: "A {{ tone }} question about {{ city.name }}."
    output: {type: object, required: [text], properties: {text: {type: string}}}
record: {question: "{{ steps.question.output.text }}", city: "{{ city.name }}"}
"""

SEEDS = [{"city": {"name": "Lima"}}, {"city": {"name": "Oslo"}}, {"city": {"name": "Rome"}}]


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the API as one user, with short ways to what tests begin with."""

    client: TestClient
    headers: Mapping[str, str]

    @property
    def service(self) -> Service:
        service: Service = self.client.app.state.service  # type: ignore[attr-defined]
        return service

    def ask(self, method: str, path: str, **rest: Any) -> Response:
        """One request; a path that starts with a slash lies under /api/v1."""
        headers = {**self.headers, **rest.pop("headers", {})}
        return self.client.request(method, f"{PREFIX}{path}", headers=headers, **rest)

    def get(self, path: str, **rest: Any) -> Response:
        return self.ask("GET", path, **rest)

    def post(self, path: str, json: Any = None, **rest: Any) -> Response:
        return self.ask("POST", path, json=json, **rest)

    def made(self, path: str, json: Any = None, **rest: Any) -> Any:
        """What a POST that must succeed answers."""
        response = self.post(path, json, **rest)
        assert response.is_success, response.text
        return response.json()

    def template(self, source: str = TEMPLATE) -> str:
        """The id of a new template."""
        return str(self.made("/templates", {"source": source})["id"])

    def seeds(self, rows: list[Any] | None = None, name: str = "seeds.jsonl") -> str:
        """The id of a new seed set."""
        text = "".join(json.dumps(row) + "\n" for row in (SEEDS if rows is None else rows))
        response = self.ask("POST", "/seeds", files={"file": (name, text.encode())})
        assert response.is_success, response.text
        return str(response.json()["id"])

    def job(self, source: str = TEMPLATE, **order: Any) -> str:
        """The id of a new job of four records."""
        wanted = {"template": self.template(source), "seeds": self.seeds(), "records": 4, **order}
        return str(self.made("/jobs", wanted)["id"])

    def mill(self, job: str) -> Any:
        """Let a worker make the job's records, and return the job as it stands then."""
        portal = self.client.portal
        assert portal is not None
        portal.call(_mill, self.service, JobId(job))
        return self.get(f"/jobs/{job}").json()


async def _mill(service: Service, job: JobId) -> None:
    worker = WorkerId(f"worker-{job}")
    async with open_turn_ports(service.place, service.settings, worker) as ports:
        async with lend_models(ports, job) as models:
            await run_worker(job, replace(ports, models=models), worker, asyncio.Event())
        await ports.on_ended(job)


@contextmanager
def open_api(folder: Path, patch: pytest.MonkeyPatch, **settings: str) -> Iterator[TestClient]:
    """A client of a server whose home is the folder, with passwords that cost little; it runs in a thread."""
    for name, value in {"HOME": str(folder), **settings}.items():
        patch.setenv(f"GRISTMILL_{name}", value)
    patch.chdir(folder)
    with TestClient(create_app(_opening, pages=create_pages), raise_server_exceptions=False) as client:
        yield client


@asynccontextmanager
async def _opening() -> AsyncIterator[Service]:
    async with open_service(read_settings(), "http://testserver", cost=CHEAP) as service:
        yield replace(service, accounts=replace(service.accounts, mailer=Pigeonhole()))


def letters(client: TestClient) -> Pigeonhole:
    """What the server mailed."""
    mailer = Api(client, {}).service.accounts.mailer
    assert isinstance(mailer, Pigeonhole)
    return mailer


def problem(response: Response, status: int, code: str) -> Any:
    """The problem document of a response that must be this refusal."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    document = response.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["detail"]
    assert document["request_id"] == response.headers["x-request-id"]
    return document


def join(client: TestClient, email: str) -> Api:
    """Somebody who has signed up, verified their address and logged in."""
    nobody = Api(client, {})
    nobody.made("/auth/signup", {"email": email, "password": PASSWORD})
    nobody.made("/auth/verify", {"token": letters(client).token()})
    return log_in(client, email)


def log_in(client: TestClient, email: str, password: str = PASSWORD) -> Api:
    """The same user, logged in once more."""
    tokens = Api(client, {}).made("/auth/login", {"email": email, "password": password})
    return Api(client, {"Authorization": f"Bearer {tokens['access_token']}"})
