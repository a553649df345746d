"""`gristmill serve` as a process of its own, asked over real HTTP, and what it says on its console."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from httpx2 import Client, Response, TransportError

from support.mill_shell import GristmillShell
from support.people import PASSWORD
from support.shell import GRISTMILL, children_of, is_alive, wait_until

API = "/api/v1"
SEEDS = "".join(
    json.dumps({"product": {"name": f"product {number}", "text": "It turns."}}) + "\n" for number in range(60)
)

TEMPLATE = """\
name: facts
description: A fact about a product
defaults: {model: "scripted:demo", max_tokens: 50}
steps:
  - id: fact
    prompt: "A fact about {{ product.name }}: {{ product.text }}"
record: {product: "{{ product.name }}", fact: "{{ steps.fact.output }}"}
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One message of a job's events; only stored ones have an id."""

    type: str
    id: str
    data: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Server:
    """A server that runs, and whoever asks it: nobody until they log in. `asked` are the endpoints that answered."""

    process: "subprocess.Popen[str]"
    console: Path
    url: str
    client: Client
    asked: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, **rest: Any) -> Response:
        """One request; a path that starts with a slash lies under /api/v1."""
        response = self.client.request(method, f"{self.url}{API}{path}", **rest)
        if response.is_success:
            self.asked.add(f"{method} {endpoint_of(path)}")
        return response

    def get(self, path: str, **rest: Any) -> Any:
        return self._must(self.ask("GET", path, **rest))

    def post(self, path: str, json: Any = None, **rest: Any) -> Any:
        return self._must(self.ask("POST", path, json=json, **rest))

    def _must(self, response: Response) -> Any:
        assert response.is_success, response.text
        return response.json()

    def join(self, email: str) -> Any:
        """Sign up, open the link on the console, and log in; the user as they are then."""
        self.post("/auth/signup", {"email": email, "password": PASSWORD})
        user = self.post("/auth/verify", {"token": self.mailed_token()})
        self.log_in(email)
        return user

    def log_in(self, email: str) -> None:
        tokens = self.post("/auth/login", {"email": email, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def mailed_token(self) -> str:
        """The token of the last link that was mailed."""
        return str(re.findall(r"token=(\S+)", self.said())[-1])

    def said(self) -> str:
        """Everything on the console so far."""
        return self.console.read_text()

    def order(self, source: str = TEMPLATE, **order: Any) -> str:
        """The id of a new job, with a template and seeds of its own."""
        template = self.post("/templates", {"source": source})["id"]
        seeds = self.post("/seeds", files={"file": ("products.jsonl", SEEDS.encode())})["id"]
        return str(self.post("/jobs", {"template": template, "seeds": seeds, **order})["id"])

    def events(self, job: str, after: str = "") -> Iterator[Event]:
        """The job's events after an id, until it has ended or the server has gone."""
        headers = {"Last-Event-ID": after} if after else {}
        try:
            with self.client.stream("GET", f"{self.url}{API}/jobs/{job}/events", headers=headers) as response:
                assert response.status_code == 200, response.read()
                self.asked.add("GET /jobs/{id}/events")
                yield from _read_events(response.iter_lines())
        except TransportError:
            return

    def follow(self, job: str) -> Any:
        """The job once it has ended."""
        for _ in self.events(job):
            pass
        return self.get(f"/jobs/{job}")

    @property
    def workers(self) -> list[int]:
        return children_of(self.process)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> int:
        """The exit status, once the process has gone."""
        return self.process.wait(timeout=40)


def endpoint_of(path: str) -> str:
    """A path with its ids left out."""
    return re.sub(r"(?<=/)(?=[^/]*\d)[\w-]{12,}(?=/|$)", "{id}", path.partition("?")[0])


def _read_events(lines: Iterator[str]) -> Iterator[Event]:
    message: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            message[name] = value
        elif "data" in message:
            yield Event(message["event"], message.get("id", ""), json.loads(message["data"]))
            message = {}


def start(shell: GristmillShell, *words: str, name: str = "console", **own: str) -> "subprocess.Popen[str]":
    """Start a server whose console is a file; whoever starts it ends it."""
    with (shell.folder / name).open("wb") as console:
        command = [*GRISTMILL, "serve", *words]
        return subprocess.Popen(
            command, cwd=shell.folder, env=shell.environment | own, stdout=console, stderr=console, text=True
        )


@contextmanager
def reach(process: "subprocess.Popen[str]", console: Path) -> Iterator[Server]:
    """A started server, once it says where it is; neither it nor a worker of it outlives the block."""
    workers: list[int] = []
    try:
        wait_until(lambda: "serves on" in console.read_text() or process.poll() is not None, "the server says where")
        found = re.search(r"serves on (http://\S+)", console.read_text())
        assert found is not None, console.read_text()
        with Client(timeout=20, trust_env=False) as client:
            server = Server(process=process, console=console, url=found[1], client=client)
            yield server
            workers = server.workers if process.poll() is None else []
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            finally:
                process.kill()
                process.wait()
    wait_until(lambda: not any(map(is_alive, workers)), "its workers have gone")


@contextmanager
def serving(shell: GristmillShell, *words: str, name: str = "console", **own: str) -> Iterator[Server]:
    """A server until the block ends."""
    with reach(start(shell, *words, name=name, **own), shell.folder / name) as server:
        yield server
