"""`gristmill serve` as a stranger meets it: real processes, asked over HTTP; killed, drained, refused."""

import asyncio
import io
import json
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gristmill.adapters.sql import open_store
from gristmill.domain.ids import JobId
from support.mill_shell import GristmillShell
from support.postgres import empty_database
from support.provider import Conduct, Running, serve
from support.serving import SEEDS, TEMPLATE, Server, endpoint_of, reach, serving, start
from support.shell import is_alive, kill, wait_until

DOCS = Path(__file__).parents[2] / "docs" / "server.md"
CALLED = TEMPLATE.replace("scripted:demo", "openai:mine")
NONE = {"GRISTMILL_AUTH": "none:", "MY_KEY": "a key of the server's owner"}
RECORDS = 60
# Nano-dollars for a million tokens: 1 and 4 dollars.
CONDUCT = Conduct(latency=0.1, input_price=1_000_000_000, output_price=4_000_000_000)


@pytest.fixture
def shell(tmp_path: Path) -> GristmillShell:
    return GristmillShell(tmp_path, is_measured=False)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Running]:
    """A provider that counts and bills, as `openai:mine` of the server."""
    with serve(CONDUCT) as running:
        (tmp_path / "gristmill.toml").write_text(
            f'[models."openai:mine"]\nbase_url = "{running.base_url}"\napi_key_env = "MY_KEY"\n'
            "input_usd = 1.0\noutput_usd = 4.0\ncontext = 8192\nmax_in_flight = 4\n"
        )
        yield running


def called(provider: Running, more: int) -> None:
    """Wait until the provider has taken so many calls more."""
    before = provider.stats()["calls"]
    wait_until(lambda: provider.stats()["calls"] >= before + more, "calls are made")


def assert_made_once(server: Server, job: str, provider: Running) -> None:
    """The job is complete, each record was asked for once, and what was billed is what the provider says."""
    ended, books = server.get(f"/jobs/{job}"), provider.stats()
    assert (ended["status"], ended["records"]["accepted"]) == ("completed", RECORDS)
    assert (books["calls"], books["most_calls_for_a_prompt"]) == (RECORDS, 1)
    assert round(float(ended["money"]["billed_usd"]) * 10**9) == books["billed_nano"]
    pages = [server.get(f"/jobs/{job}/records?limit=200")["items"]]
    assert [item["slot"] for page in pages for item in page] == list(range(RECORDS))
    assert {item["record"]["product"] for item in pages[0]} == {f"product {number}" for number in range(RECORDS)}


def test_a_stranger_signs_up_and_makes_a_first_dataset(tmp_path: Path) -> None:
    with serving(GristmillShell(tmp_path), "--port", "0", "--workers", "2") as server:
        greeting = server.said()
        assert "nobody yet: the first to sign up" in greeting
        assert f"sqlite:///{tmp_path / 'home' / 'store.db'}" in greeting
        assert server.join("ann@example.org")["role"] == "admin"
        assert server.get("/auth/me")["email"] == "ann@example.org"

        template = server.post("/templates", {"source": TEMPLATE})["id"]
        seeds = server.post("/seeds", files={"file": ("products.jsonl", SEEDS.encode())})["id"]
        order = {"template": template, "seeds": seeds, "records": RECORDS}
        assert server.post("/jobs/estimate", order)["calls"] >= RECORDS
        job = server.post("/jobs", order)["id"]
        events = list(server.events(job))
        assert events[-1].data["status"] == "completed"
        shown = server.get(f"/jobs/{job}")
        assert (shown["status"], shown["records"]["accepted"]) == ("completed", RECORDS)
        assert len(server.get(f"/jobs/{job}/records?limit=200")["items"]) == RECORDS
        assert len(server.get(f"/jobs/{job}/records/3")["attempts"]) == 1

        export = server.post(f"/jobs/{job}/exports", {"format": "jsonl"})
        download = server.ask("GET", f"/exports/{export['id']}/download")
        rows = [json.loads(line) for line in io.StringIO(download.text)]
        assert [row["product"] for row in rows] == [f"product {number}" for number in range(RECORDS)]

        wait_until(lambda: server.client.get(f"{server.url}/readyz").is_success, "workers report themselves")
        figures = server.client.get(f"{server.url}/metrics").text
        assert {"gristmill_workers 2.0", f"gristmill_records_total {RECORDS}.0"} <= set(figures.splitlines())
        asked, logged = server.asked, server.said()
    assert walked() <= asked, "docs/server.md walks another way"
    assert_log_tells_no_secret(logged, server)


def walked() -> set[str]:
    """The calls that docs/server.md makes of a first job."""
    calls = re.findall(r'(?m)^curl .*?(?:-X (\w+) .*?)?"\$MILL(/[^" ]+)"', DOCS.read_text().replace("\\\n", " "))
    assert len(calls) > 8
    return {f"{method or 'GET'} {endpoint_of(re.sub(r'[$][A-Z]+', 'id-1234567890', path))}" for method, path in calls}


def assert_log_tells_no_secret(said: str, server: Server) -> None:
    lines = [line for line in said.splitlines() if line.startswith("{")]
    assert any(json.loads(line)["event"] == "request" for line in lines)
    secrets = ("ann@example.org", "correct horse", "token=", server.client.headers["Authorization"][7:], "product 3")
    assert not [line for line in lines for secret in secrets if secret in line]


def test_a_server_that_is_killed_goes_on_where_it_was_and_pays_nothing_twice(
    shell: GristmillShell, provider: Running
) -> None:
    with serving(shell, "--port", "0", "--workers", "1", **NONE) as server:
        job = server.order(CALLED, records=RECORDS, budget_usd="1")
        stream, seen = server.events(job), []
        for event in stream:
            seen.append(event)
            if event.data.get("status") == "running":
                break
        called(provider, 10)
        workers = server.workers
        server.kill()
        seen += stream
        wait_until(lambda: not any(map(is_alive, workers)), "the workers of a dead server go")
        port = server.url.rpartition(":")[2]
    stored = [event for event in seen if event.id]
    assert 0 < provider.stats()["calls"] < RECORDS

    with serving(shell, "--port", port, "--workers", "1", **NONE) as server:
        later = [event for event in server.events(job, after=stored[-1].id) if event.id]
        assert_made_once(server, job, provider)
        whole = [event for event in server.events(job) if event.id]
    assert [*stored, *later] == whole


def test_a_worker_that_is_killed_is_started_again_and_a_sigterm_drains(
    shell: GristmillShell, provider: Running
) -> None:
    with serving(shell, "--port", "0", "--workers", "1", **NONE) as server:
        assert_only_this_machine_is_let_in(server)
        job = server.order(CALLED, records=RECORDS, budget_usd="1")
        called(provider, 10)
        kill(server.workers[0])
        called(provider, 10)
        # Whoever still follows is cut off, and that is no fault.
        follower = server.events(job)
        next(follower)
        server.kill(signal.SIGTERM)
        workers = server.workers
        assert server.end() == 0
        assert [event for event in follower if event.type == "end"] == []
        assert not any(map(is_alive, workers))
        assert '"ended_with":"SIGKILL"' in server.said()
        assert "Traceback" not in server.said()
    leased, books = asyncio.run(count_leases(f"sqlite:///{shell.folder / 'home' / 'store.db'}", job)), provider.stats()
    assert leased == 0
    # What was in flight at the kill was paid for, and is asked again.
    assert books["calls"] - books["distinct_prompts"] <= 4


def assert_only_this_machine_is_let_in(server: Server) -> None:
    """Without accounts there is no credential to ask for, so other sites are kept off."""
    assert server.get("/auth/me")["role"] == "admin"
    refused = server.ask("GET", "/jobs", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    form = {"files": {"file": ("rows.jsonl", b"{}")}, "headers": {"Origin": "https://evil.example"}}
    assert server.ask("POST", "/seeds", **form).status_code == 403
    assert server.ask("GET", "/jobs", headers={"Host": "localhost:1"}).is_success


async def count_leases(url: str, job: str) -> int:
    store = open_store(url)
    try:
        return sum(shard.is_leased for shard in await store.list_shards(JobId(job)))
    finally:
        await store.close()


def test_a_second_sigterm_stops_at_once(shell: GristmillShell, provider: Running) -> None:
    provider.change(latency=60.0)
    with serving(shell, "--port", "0", "--workers", "1", **NONE) as server:
        server.order(CALLED, records=4, budget_usd="1")
        called(provider, 4)
        workers, started = server.workers, time.monotonic()
        server.kill(signal.SIGTERM)
        wait_until(lambda: "Ending" in server.said(), "the drain begins")
        server.kill(signal.SIGTERM)
        assert server.end() == 128 + signal.SIGTERM
        wait_until(lambda: not any(map(is_alive, workers)), "the workers go with it")
        assert time.monotonic() - started < 10


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store that is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'store.db'}"
    else:
        with empty_database() as url:
            yield url


def test_two_servers_that_start_at_once_on_one_store_share_its_work(
    shell: GristmillShell, provider: Running, shared_store: str
) -> None:
    own = {"GRISTMILL_STORE": shared_store, "MY_KEY": "a key"}
    names = ("first", "second")
    started = [start(shell, "--port", "0", "--workers", "1", name=name, **own) for name in names]
    with ExitStack() as stack:
        for process in started:
            stack.enter_context(process)
            stack.callback(process.kill)
        first, second = (
            stack.enter_context(reach(process, shell.folder / name))
            for process, name in zip(started, names, strict=True)
        )
        first.join("ann@example.org")
        second.client.headers = first.client.headers
        job = first.order(CALLED, records=RECORDS, budget_usd="1")
        assert second.follow(job)["status"] == "completed"
        assert_made_once(second, job, provider)
        assert [forget(server) for server in (first, second, first, second)] == [202, 202, 202, 429]


def forget(server: Server) -> int:
    """Ask for a mail to one address, wherever."""
    return server.ask("POST", "/auth/password/forgot", json={"email": "eve@example.org"}).status_code


def test_what_hinders_a_start_is_one_sentence(shell: GristmillShell) -> None:
    (shell.folder / "newer").mkdir()
    with sqlite3.connect(shell.folder / "newer" / "store.db") as store:
        for table in ("jobs", "shards", "segments", "alembic_version"):
            store.execute(f"CREATE TABLE {table} (version_num TEXT)")
        store.execute("INSERT INTO alembic_version VALUES ('9999')")
    store.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = [
            shell.start("serve", "--port", str(port)),
            shell.start("serve", "--port", "0", GRISTMILL_HOME=str(shell.folder / "newer")),
            shell.start("serve", "--port", "0", GRISTMILL_STORE="postgresql://me:hunter2@127.0.0.1:1/mill"),
        ]
        said = [(process.communicate(timeout=30)[1], process.returncode) for process in started]
    wanted = [
        ("Address already in use", 2),
        ("A newer Gristmill wrote this store", 2),
        ("The store cannot be reached", 4),
    ]
    for (words, status), (sentence, code) in zip(said, wanted, strict=True):
        assert (words.startswith("error: "), status) == (True, code), words
        assert sentence in words
        assert not re.search("Traceback|hunter2|worker_started", words)


def test_settings_that_do_not_fit_are_refused_before_anything_is_opened(shell: GristmillShell) -> None:
    refused = shell("serve", "--host", "0.0.0.0", **NONE)
    assert (refused.returncode, "Without accounts" in refused.stderr) == (2, True)
    (shell.folder / "gristmill.toml").write_text('store = "sqlite')
    broken = shell("serve")
    assert (broken.returncode, "is not TOML" in broken.stderr) == (2, True)
    assert not (shell.folder / "home").exists()
