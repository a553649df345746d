"""The model's process is started once, started again when it has gone, and ended with its owner."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gristmill.adapters.embedded import EmbeddedModels, EmbeddedServer
from gristmill.domain.completion import ModelName
from gristmill.errors import ProviderFaultError, UnknownModelError

# Stand in for the model's process: they speak its protocol of one line each way, and load nothing. The address of
# the first says which process it is.
WELL = """
import json, os, sys
order = json.loads(sys.stdin.readline())
assert order["path"] == "model.gguf" and len(order["api_key"]) > 30
print(json.dumps({"url": f"http://127.0.0.1:{os.getpid()}"}), flush=True)
sys.stdin.read()
"""
BROKEN = "import sys; sys.stdin.readline(); sys.exit('the file is no model')"
SILENT = ""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "model.log"


@asynccontextmanager
async def serving(log: Path, script: str) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(Path("model.gguf"), log, child=(sys.executable, "-c", script))
    try:
        yield server
    finally:
        await server.close()


def process_of(base_url: str) -> int:
    return int(base_url.removesuffix("/v1").rpartition(":")[2])


def has_ended(pid: int) -> bool:
    """Whether the process is gone within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


async def test_many_first_calls_start_one_process(log: Path) -> None:
    async with serving(log, WELL) as server:
        found = await asyncio.gather(*(server.start() for _ in range(8)))
        assert len(set(found)) == 1
        assert found[0].is_direct
        assert found[0].api_key


async def test_a_process_that_has_gone_is_started_again_with_another_key(log: Path) -> None:
    async with serving(log, WELL) as server:
        first = await server.start()
        os.kill(process_of(first.base_url), signal.SIGKILL)
        assert server._process
        await server._process.wait()
        second = await server.start()
        assert second.base_url != first.base_url
        assert second.api_key != first.api_key


async def test_closing_ends_the_process_by_its_stdin(log: Path) -> None:
    async with serving(log, WELL) as server:
        endpoint = await server.start()
    assert has_ended(process_of(endpoint.base_url))


def test_closing_what_never_started_does_nothing(log: Path) -> None:
    server = EmbeddedServer(Path("model.gguf"), log)
    asyncio.run(server.close())
    assert not log.exists()


@pytest.mark.parametrize(("script", "said"), [(BROKEN, "the file is no model"), (SILENT, "it says nothing")])
async def test_a_process_that_ends_while_it_loads_is_a_fault_of_the_provider(log: Path, script: str, said: str) -> None:
    async with serving(log, script) as server:
        with pytest.raises(ProviderFaultError, match=said) as caught:
            await server.start()
    assert not caught.value.sent
    assert str(log) in str(caught.value)


async def test_a_log_that_cannot_be_written_is_a_fault_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    async with serving(tmp_path / "logs" / "model.log", WELL) as server:
        with pytest.raises(ProviderFaultError, match="cannot be started"):
            await server.start()


async def test_giving_up_while_it_loads_ends_the_process(log: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pid"
    os.mkfifo(pipe)
    script = f"import os, sys; open({str(pipe)!r}, 'w').write(str(os.getpid())); sys.stdin.read()"
    async with serving(log, script) as server:
        starting = asyncio.ensure_future(server.start())
        pid = int(await asyncio.to_thread(pipe.read_text))
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert has_ended(pid)


def absent(_: str) -> None:
    return None


@pytest.mark.parametrize(
    ("name", "find_spec", "sentence"),
    [
        ("local:other", lambda _: object(), "goes by local:smollm2"),
        ("local:smollm2", absent, r"pip install 'gristmill\[local\]'"),
        ("local:smollm2", lambda _: object(), "gristmill models pull smollm2"),
    ],
)
def test_what_is_missing_is_named_with_the_command_to_run(
    name: str, find_spec: Callable[[str], object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.adapters.embedded.models.find_spec", find_spec)
    with pytest.raises(UnknownModelError, match=sentence):
        EmbeddedModels(tmp_path).check(ModelName(name))
