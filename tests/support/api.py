"""The API over a real store in a temporary folder, asked within this process; its records are made when a test says."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gristmill.adapters.local import LocalJournal
from gristmill.api.app import create_app
from gristmill.domain.ids import JobId, WorkerId
from gristmill.wiring.ports import open_models
from gristmill.wiring.service import Service
from gristmill.worker import WorkerPorts, run_worker

PREFIX = "/api/v1"

TEMPLATE = """\
name: capitals
description: Questions about cities
defaults: {model: "scripted:fair", max_tokens: 50}
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
    journal, models = LocalJournal(service.place.journals, worker), open_models(service.settings)
    ports = WorkerPorts(store=service.store, blobs=service.blobs, journal=journal, models=models, clock=service.clock)
    try:
        await run_worker(job, ports, worker, asyncio.Event())
    finally:
        await models.close()
        journal.close()


@contextmanager
def open_api(folder: Path, patch: pytest.MonkeyPatch, **settings: str) -> Iterator[TestClient]:
    """A client of a server whose home is the folder; its lifespan runs within."""
    for name, value in {"HOME": str(folder), "AUTH": "none:", **settings}.items():
        patch.setenv(f"GRISTMILL_{name}", value)
    patch.chdir(folder)
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


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
