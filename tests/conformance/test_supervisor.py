"""A server's workers are kept running, and go when it goes: real processes, and no waiting for time to pass."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import IO

import pytest
from structlog.testing import capture_logs

from gristmill.adapters.local import Supervisor
from gristmill.adapters.local.supervisor import LONGEST_REST_SECONDS, WELL_SECONDS
from support.child import start_python
from support.virtual_time import VirtualClock

# A worker that says something through a pipe of the test's, then does what the test is about.
SAY = """
import os, signal, sys
pipe = os.open(sys.argv[1] + "/said", os.O_WRONLY)
def say(words):
    os.write(pipe, (words + "\\n").encode())
def leave(*_):
    say("gone")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
say(str(os.getpid()))
"""
STAY = "while True: signal.pause()"
STUBBORN = "signal.signal(signal.SIGTERM, lambda *_: say('asked'))\nsay('ready')\nwhile True: signal.pause()"

PARENT = """
import asyncio, sys
from gristmill.adapters.local import Supervisor
asyncio.run(Supervisor(1, command=(sys.executable, "-c", sys.argv[2], sys.argv[1])).run())
"""


@pytest.fixture
def said(tmp_path: Path) -> Iterator[IO[bytes]]:
    """What the workers say, a line each."""
    os.mkfifo(tmp_path / "said")
    # Open for both, or it would end whenever no worker has it open.
    with os.fdopen(os.open(tmp_path / "said", os.O_RDWR), "rb", buffering=0) as pipe:
        yield pipe


async def hear(said: IO[bytes]) -> str:
    return (await asyncio.to_thread(said.readline)).decode().strip()


async def no_rest(_: float) -> None:
    await asyncio.sleep(0)


def supervisor_of(folder: Path, script: str, workers: int = 1, *, grace_seconds: float = 30.0) -> Supervisor:
    command = (sys.executable, "-c", SAY + script, str(folder))
    return Supervisor(workers, command=command, grace_seconds=grace_seconds, rest=no_rest)


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator["asyncio.Task[None]"]:
    """The supervisor at work; none of its workers outlives the test."""
    task = asyncio.create_task(supervisor.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert supervisor.alive == 0


async def test_a_worker_that_is_killed_is_started_again_and_the_others_stay(tmp_path: Path, said: IO[bytes]) -> None:
    supervisor = supervisor_of(tmp_path, STAY, workers=2)
    async with running(supervisor):
        first, second = await hear(said), await hear(said)
        assert (supervisor.alive, supervisor.restarts) == (2, 0)
        os.kill(int(first), signal.SIGKILL)
        third = await hear(said)
        assert len({first, second, third}) == 3
        assert (supervisor.alive, supervisor.restarts) == (2, 1)


async def test_a_drain_asks_every_worker_and_waits_until_all_have_gone(tmp_path: Path, said: IO[bytes]) -> None:
    supervisor = supervisor_of(tmp_path, STAY, workers=2)
    async with running(supervisor) as task:
        await hear(said)
        await hear(said)
        supervisor.drain()
        await task
        assert [await hear(said), await hear(said)] == ["gone", "gone"]
        assert (supervisor.alive, supervisor.restarts) == (0, 0)


async def test_whoever_cancels_a_supervisor_drains_its_workers(tmp_path: Path, said: IO[bytes]) -> None:
    async with running(supervisor_of(tmp_path, STAY)) as task:
        await hear(said)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await hear(said) == "gone"


async def test_a_worker_that_does_not_go_within_the_grace_is_killed(tmp_path: Path, said: IO[bytes]) -> None:
    supervisor = supervisor_of(tmp_path, STUBBORN, grace_seconds=0.2)
    async with running(supervisor) as task:
        pid = await hear(said)
        assert await hear(said) == "ready"
        with capture_logs() as logs:
            supervisor.drain()
            await task
        assert await hear(said) == "asked"
        assert [line["event"] for line in logs] == ["worker_killed", "worker_gone"]
        assert (logs[1]["pid"], logs[1]["ended_with"]) == (int(pid), "SIGKILL")


@pytest.mark.parametrize("command", [(sys.executable, "-S", "-c", "import sys; sys.exit('no store')"), ("/no/such",)])
async def test_a_command_that_always_dies_is_tried_less_and_less_often(command: tuple[str, ...]) -> None:
    rests = list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 9:
            supervisor.drain()
        await asyncio.sleep(0)

    supervisor = Supervisor(1, command=command, clock=VirtualClock(), rest=rest)
    with capture_logs() as logs:
        await supervisor.run()
    assert rests[:9] == [min(0.5 * 2**number, LONGEST_REST_SECONDS) for number in range(9)]
    words = {line.get("last_words", "no store") for line in logs if line["log_level"] != "info"}
    assert words == {"no store"}


class LookedAt(VirtualClock):
    """A clock by which each worker ran for so many seconds: it is looked at before and after."""

    def __init__(self, *ran: float) -> None:
        super().__init__()
        self._passes = itertools.chain.from_iterable((0.0, seconds) for seconds in itertools.chain(ran, repeat(0.0)))

    def monotonic(self) -> float:
        self.seconds += next(self._passes)
        return self.seconds


async def test_a_worker_that_ran_well_for_a_while_is_started_again_soon() -> None:
    rests = list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 4:
            supervisor.drain()
        await asyncio.sleep(0)

    supervisor = Supervisor(1, command=("/no/such",), clock=LookedAt(0, 0, WELL_SECONDS), rest=rest)
    with capture_logs():
        await supervisor.run()
    assert rests[:4] == [0.5, 1.0, 0.5, 1.0]


def test_workers_learn_from_their_stdin_that_the_supervisor_was_killed(tmp_path: Path, said: IO[bytes]) -> None:
    worker = SAY + "sys.stdin.read()\nsay('the parent has gone')"
    with start_python(PARENT, str(tmp_path), worker) as (process, _):
        assert said.readline()
        process.kill()
        assert said.readline() == b"the parent has gone\n"
