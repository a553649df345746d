"""The server under load: a job alone, the same beside fifty people, and a kill -9 while both are there."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.lab import Bench, open_bench, show
from bench.serving import Account, Server, await_job, open_account, order_job, serving, wait_for

PEOPLE, ACCOUNTS = 50, 10
RISE_SECONDS, LOAD_SECONDS, KILLED_SECONDS = 5, 30, 20
# A provider's pace and not the processor's: 40 calls of a third of a second in flight.
MODEL, RECORDS = "scripted:demo?latency=0.33", 3_500
FAST = "scripted:demo"
SETTINGS = f"""\
[models."{MODEL}"]
max_in_flight = 40
[models."openai:bench"]
input_usd = 0.0
output_usd = 0.0
max_in_flight = 40
"""

SOURCE = """\
name: cities
description: DESCRIPTION
defaults: {model: cheap, max_tokens: 60}
vary: {tone: [formal, terse]}
steps:
  - id: question
    prompt: "Number {{ slot }}: a {{ tone }} question about the market of {{ city }}."
    output: {type: object, required: [text], properties: {text: {type: string}}}
record: {question: "{{ steps.question.output.text }}", city: "{{ city }}"}
"""


def measure(folder: Path) -> None:
    """Speed with one server, survival with another."""
    with open_bench(folder, latency=0.33) as bench:
        _load(folder / "load")
        _kill(folder / "kill", bench)


def _load(home: Path) -> None:
    with _server(home) as server:
        accounts = [open_account(server, number, SOURCE) for number in range(ACCOUNTS)]
        idle = server.memory_mb
        jobs = [order_job(server, account, 200, FAST) for account in accounts]
        for account, job in zip(accounts, jobs, strict=True):
            await_job(server, account, job)
        alone = await_job(server, accounts[0], order_job(server, accounts[0], RECORDS, MODEL))
        jobs[0] = order_job(server, accounts[0], RECORDS, MODEL)
        cpu = server.cpu_seconds
        with crowd(home, server, accounts, jobs, LOAD_SECONDS) as people:
            people.wait()
        cpu = server.cpu_seconds - cpu
        beside = await_job(server, accounts[0], jobs[0])
        _tell_crowd(home)
        rates = [job["records_per_second"] for job in (alone, beside)]
        show("job", alone_per_s=rates[0], beside_per_s=rates[1], ratio=rates[1] / rates[0])
        total = _found(home)["all_requests"]
        show("server", cpu_ms_per_request=cpu * 1e3 / total, of_a_core=cpu / (LOAD_SECONDS + RISE_SECONDS))
        show("server", idle_mb=idle, loaded_mb=server.memory_mb, peak_mb=server.peak_mb)


def _kill(home: Path, bench: Bench) -> None:
    """What is there after a kill, beside what a server has that nobody killed: every record, and every call."""
    with _server(home, bench) as server:
        accounts = [open_account(server, number, SOURCE) for number in range(ACCOUNTS)]
        jobs = [order_job(server, account, 100, FAST) for account in accounts]
        bench.conduct(latency=0.33)
        jobs[0] = order_job(server, accounts[0], RECORDS // 2, "openai:bench")
        with crowd(home, server, accounts, jobs, KILLED_SECONDS) as people:
            wait_for(lambda: _accepted(server, accounts[0], jobs[0]) > RECORDS // 8, "the job to get going")
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            port = int(server.url.rpartition(":")[2])
            with _server(home, bench, port) as again:
                people.wait()
                _tell_survival(again, accounts[0], jobs[0], bench)
    _tell_crowd(home)


def _server(home: Path, bench: Bench | None = None, port: int = 0) -> AbstractContextManager[Server]:
    home.mkdir(exist_ok=True)
    (home / "gristmill.toml").write_text(SETTINGS)
    return serving(home, bench.environment() if bench else {}, port=port)


@contextmanager
def crowd(
    home: Path, server: Server, accounts: Sequence[Account], jobs: Sequence[str], seconds: float
) -> Iterator[subprocess.Popen[bytes]]:
    """Fifty people who use the server for so long after all have come."""
    owned = [{**asdict(account), "job": job} for account, job in zip(accounts, jobs, strict=True)]
    play = {
        "url": server.url,
        "people": PEOPLE,
        "rise_seconds": RISE_SECONDS,
        "seconds": seconds,
        "source": SOURCE,
        "accounts": owned,
        "out": str(home / "crowd.json"),
    }
    (home / "play.json").write_text(json.dumps(play))
    process = subprocess.Popen([sys.executable, "-m", "bench.crowd", str(home / "play.json")])
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _accepted(server: Server, account: Account, job: str) -> int:
    return int(server.ask("GET", f"/jobs/{job}", token=account.token)["records"]["accepted"])


def _tell_survival(server: Server, account: Account, job: str, bench: Bench) -> None:
    ended = await_job(server, account, job)
    slots = [item["slot"] for item in _all(server, account, f"/jobs/{job}/records")]
    ledger = _all(server, account, f"/jobs/{job}/ledger")
    missing = set(range(ended["records"]["asked"])) - set(slots)
    show(
        "kill -9",
        status=ended["status"],
        records_missing=len(missing),
        records_twice=len(slots) - len(set(slots)),
        calls_billed=bench.stats()["calls"],
        calls_in_ledger=len(ledger),
    )


def _all(server: Server, account: Account, path: str) -> list[Any]:
    items, cursor = [], ""
    while True:
        page = server.ask("GET", f"{path}?limit=200{cursor}", token=account.token)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def _found(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "crowd.json").read_text()))


def _tell_crowd(home: Path) -> None:
    for line in _found(home)["lines"]:
        show(line.pop("name"), **line)
    for error in _found(home)["errors"]:
        print(f"  {error}")
