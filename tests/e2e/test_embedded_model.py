"""The embedded model as it ships: pulled by pip, run in its own process, and good enough for the starter template."""

import asyncio
import json
import os
import select
import signal
from pathlib import Path

import aiohttp
import pytest

from gristmill.adapters.embedded import SMOLLM2, EmbeddedModels, EmbeddedServer, find_model
from gristmill.domain.completion import Completion, Message, Sampling, Schema
from gristmill.errors import ProviderFaultError
from support.child import start_python
from support.mill_shell import GristmillShell

ROOT = Path(__file__).parents[2]

COLOUR = Schema(
    name="colour",
    text='{"type":"object","required":["colour"],"additionalProperties":false,'
    '"properties":{"colour":{"type":"string","enum":["blue","green","red"]}}}',
)


@pytest.fixture(scope="session")
def home() -> Path:
    """The home folder that `make test` pulls the model into."""
    path = ROOT / ".gristmill"
    find_model(path)
    return path


def ask(words: str, *, max_tokens: int = 64, schema: Schema | None = None) -> Completion:
    return Completion(
        model=SMOLLM2,
        messages=(Message(role="user", content=words),),
        sampling=Sampling(max_tokens=max_tokens, temperature=0.0),
        schema=schema,
    )


async def test_it_answers_in_the_schema_and_reports_usage(home: Path) -> None:
    models = EmbeddedModels(home)
    try:
        reply = await models.complete(ask("What colour is the sky?", schema=COLOUR))
    finally:
        await models.close()
    assert json.loads(reply.text)["colour"] in {"blue", "green", "red"}
    assert reply.finish_reason == "stop"
    assert reply.usage is not None
    assert min(reply.usage.input, reply.usage.output) > 0


async def test_a_reply_cut_off_at_max_tokens_says_so(home: Path) -> None:
    models = EmbeddedModels(home)
    try:
        reply = await models.complete(ask("Tell me a long story.", max_tokens=8))
    finally:
        await models.close()
    assert reply.finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.output == 8


async def test_a_crash_is_a_fault_of_the_calls_in_flight_and_the_next_call_is_answered(
    home: Path,
) -> None:
    models = EmbeddedModels(home)
    try:
        await models.complete(ask("Hello.", max_tokens=4))
        asyncio.get_running_loop().call_later(0.2, kill_children)
        with pytest.raises(ProviderFaultError):
            await models.complete(ask("Tell me a very long story.", max_tokens=2000))
        assert models._server
        assert models._server._process
        await models._server._process.wait()
        reply = await models.complete(ask("Hello.", max_tokens=4))
    finally:
        await models.close()
    assert reply.text


def kill_children() -> None:
    for child in children_of(os.getpid()):
        os.kill(child, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    """The model processes below a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == parent and "gristmill.adapters.embedded.child" in command:
            found.append(int(status.parent.name))
    return found


OWNER = """
import asyncio, sys
from pathlib import Path
from gristmill.adapters.embedded import EmbeddedServer

async def main():
    endpoint = await EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2])).start()
    print(endpoint.base_url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_it_ends_with_its_owner_however_that_goes_and_not_before(home: Path, tmp_path: Path) -> None:
    with start_python(OWNER, str(find_model(home)), str(tmp_path / "log")) as (owner, out):
        assert out.readline().startswith(b"http://127.0.0.1:")
        (child,) = children_of(owner.pid)
        handle = os.pidfd_open(child)
        os.kill(child, signal.SIGINT)
        os.kill(child, signal.SIGTERM)
        assert not has_ended(handle, seconds=0.5)
        owner.kill()
    assert has_ended(handle, seconds=30)
    os.close(handle)


def has_ended(handle: int, *, seconds: float) -> bool:
    """Whether the process of a pidfd ends within the time."""
    return bool(select.select([handle], [], [], seconds)[0])


async def test_a_caller_without_the_key_is_refused(home: Path, tmp_path: Path) -> None:
    server = EmbeddedServer(find_model(home), tmp_path / "log")
    try:
        endpoint = await server.start()
        async with aiohttp.ClientSession() as session, session.post(endpoint.url, json={"messages": []}) as response:
            assert response.status == 401
    finally:
        await server.close()


def test_the_starter_template_makes_twenty_records_that_ask_about_their_own_product(home: Path, tmp_path: Path) -> None:
    order = ("templates/support-qa.yaml", "--seeds", "examples/products.jsonl", "--records", "20")
    ran = GristmillShell(ROOT, home, is_measured=False)("run", *order, "--out", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    records = [json.loads(line) for line in (tmp_path / "dataset.jsonl").read_text().splitlines()]
    assert len(records) == 20
    own = {record["question"] for record in records if record["product"].lower() in record["question"].lower()}
    assert len(own) >= 18
    assert all(20 <= len(record["answer"]) <= 200 for record in records)
