"""A real `gristmill serve` on a home of its own, and people with accounts on it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import psutil  # type: ignore[import-untyped]

T = TypeVar("T")

PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 60.0
FORM = "a-line-between-parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs, with one worker. Its console is a file."""

    process: subprocess.Popen[bytes]
    console: Path
    url: str

    def ask(self, method: str, path: str, body: object = None, *, token: str = "") -> Any:  # noqa: ANN401 - JSON
        """What the API answers. Raises HTTPError."""
        return self.send(method, path, None if body is None else json.dumps(body).encode(), "application/json", token)

    def send(self, method: str, path: str, content: bytes | None, kind: str, token: str) -> Any:  # noqa: ANN401 - JSON
        """The same with a body of any kind."""
        headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
        with urlopen(Request(f"{self.url}/api/v1{path}", data=content, headers=headers, method=method)) as answer:
            return json.loads(answer.read() or "null")

    @property
    def cpu_seconds(self) -> float:
        """What the server's own process took so far; its workers are not in it."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory_mb(self) -> float:
        """What it holds now."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    @property
    def peak_mb(self) -> float:
        """The most it ever held."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who has logged in, with a template and seeds of their own."""

    token: str
    template: str
    seeds: str


@contextmanager
def serving(home: Path, environment: Mapping[str, str], *, port: int = 0) -> Iterator[Server]:
    """A server on a home, which may have been another's; it and its workers are gone at the end."""
    home.mkdir(exist_ok=True)
    console = home / f"console-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "gristmill", "serve", "--workers", "1", "--port", str(port)]
    told = {**os.environ, **environment, "GRISTMILL_HOME": str(home)}
    with console.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words, env=told, cwd=home)
    try:
        url = wait_for(lambda: re.search(r"serves on (http://\S+)", console.read_text()), "the server to start")[1]
        yield Server(process=process, console=console, url=url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_for(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds, as soon as it finds anything. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.05)
    return found


def open_account(server: Server, number: int, source: str) -> Account:
    """Somebody new: signed up, verified by the link on the console, logged in, with a template and seeds."""
    email = f"person-{number}@example.org"
    server.ask("POST", "/auth/signup", {"email": email, "password": PASSWORD})
    link = re.compile(rf"To {email}: .*?token=(\S+)", re.DOTALL)
    token = wait_for(lambda: link.search(server.console.read_text()), "the link that verifies an address")[1]
    server.ask("POST", "/auth/verify", {"token": token})
    token = server.ask("POST", "/auth/login", {"email": email, "password": PASSWORD})["access_token"]
    template = server.ask("POST", "/templates", {"source": source}, token=token)["id"]
    seeds = server.send("POST", "/seeds", form_of(500), f"multipart/form-data; boundary={FORM}", token)["id"]
    return Account(token=token, template=template, seeds=seeds)


def form_of(rows: int, start: str = "city") -> bytes:
    """A form with a file of so many rows."""
    lines = "".join(json.dumps({"city": f"{start} {row}"}) + "\n" for row in range(rows))
    head = 'Content-Disposition: form-data; name="file"; filename="seeds.jsonl"'
    return f"--{FORM}\r\n{head}\r\n\r\n{lines}\r\n--{FORM}--\r\n".encode()


def order_job(server: Server, account: Account, records: int, model: str) -> str:
    """The id of a new job."""
    wanted = {"template": account.template, "seeds": account.seeds, "records": records, "models": {"cheap": model}}
    return str(server.ask("POST", "/jobs", wanted, token=account.token)["id"])


def await_job(server: Server, account: Account, job: str) -> Mapping[str, Any]:
    """The job once it has ended."""

    def look() -> Mapping[str, Any] | None:
        shape: Mapping[str, Any] = server.ask("GET", f"/jobs/{job}", token=account.token)
        return shape if shape["finished_at"] else None

    return wait_for(look, f"job {job} to end", seconds=300.0)
