"""Every Executor is the same thing: it starts workers, tells them to go, and knows when they have gone."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import pytest

from gristmill.adapters.local import SubprocessExecutor
from gristmill.domain.ids import JobId
from support.child import start_python

JOB = JobId("job-1")

# A worker that says something through a pipe of the test's, then does what the test is about.
SAY = """
import os, signal, sys
pipe = os.open(sys.argv[4] + "/said", os.O_WRONLY)
def say(words):
    os.write(pipe, (words + "\\n").encode())
"""

PARENT = """
import asyncio, sys
from pathlib import Path
from gristmill.adapters.local import SubprocessExecutor
async def main():
    executor = SubprocessExecutor(Path(sys.argv[1]), command=(sys.executable, "-c", sys.argv[2]))
    await executor.launch("job-1", 1)
    await executor.wait()
asyncio.run(main())
"""


@pytest.fixture
def said(tmp_path: Path) -> Iterator[IO[bytes]]:
    """What the workers say, a line each."""
    os.mkfifo(tmp_path / "said")
    # Open for both, or it would end whenever no worker has it open.
    with os.fdopen(os.open(tmp_path / "said", os.O_RDWR), "rb", buffering=0) as pipe:
        yield pipe


def executor_of(folder: Path, script: str) -> SubprocessExecutor:
    return SubprocessExecutor(folder, command=(sys.executable, "-c", SAY + script))


@asynccontextmanager
async def running(folder: Path, script: str, workers: int) -> AsyncIterator[SubprocessExecutor]:
    """An executor with so many workers, none of which outlives the test."""
    executor = executor_of(folder, script)
    await executor.launch(JOB, workers)
    try:
        yield executor
    finally:
        executor.kill()
        await executor.wait()


def test_workers_get_the_job_and_the_folder_and_a_process_group_of_their_own(tmp_path: Path, said: IO[bytes]) -> None:
    async def scenario() -> Sequence[str]:
        executor = executor_of(tmp_path, "say(f'{sys.argv[1:]} {os.getpgid(0) == os.getpid()}')")
        await executor.launch(JOB, 2)
        return await executor.wait()

    assert asyncio.run(scenario()) == []
    for _ in range(2):
        assert said.readline().decode() == f"{['--job', 'job-1', '--dir', str(tmp_path)]} True\n"


def test_the_last_words_of_a_worker_that_failed_are_kept(tmp_path: Path) -> None:
    async def scenario() -> Sequence[str]:
        executor = SubprocessExecutor(
            tmp_path, command=(sys.executable, "-c", "import sys; sys.exit('!' * 5000 + 'no such model')")
        )
        await executor.launch(JOB, 1)
        return await executor.wait()

    (words,) = asyncio.run(scenario())
    assert words.startswith("a worker ended with status 1: !!!")
    assert words.endswith("!!!no such model")
    assert len(words) < 2100


def test_a_drain_asks_and_a_kill_does_not(tmp_path: Path, said: IO[bytes]) -> None:
    stubborn = "signal.signal(signal.SIGTERM, lambda *_: say('asked'))\nsay('ready')\nwhile True: signal.pause()"

    async def scenario() -> Sequence[str]:
        async with running(tmp_path, stubborn, 1) as executor:
            assert await asyncio.to_thread(said.readline) == b"ready\n"
            executor.drain()
            assert await asyncio.to_thread(said.readline) == b"asked\n"
            executor.kill()
            return await executor.wait()

    assert asyncio.run(scenario()) == ["a worker ended with SIGKILL"]


def test_a_wait_that_is_given_up_leaves_the_workers_to_be_waited_for_again(tmp_path: Path, said: IO[bytes]) -> None:
    async def scenario() -> Sequence[str]:
        async with running(tmp_path, "say('ready')\nsys.stdin.read()", 2) as executor:
            for _ in range(2):
                assert await asyncio.to_thread(said.readline) == b"ready\n"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await executor.wait()
            executor.drain()
            return await executor.wait()

    assert asyncio.run(scenario()) == ["a worker ended with SIGTERM"] * 2


def test_workers_learn_from_their_stdin_that_their_parent_was_killed(tmp_path: Path, said: IO[bytes]) -> None:
    worker = SAY + "say('ready')\nsys.stdin.read()\nsay('the parent has gone')"
    with start_python(PARENT, str(tmp_path), worker) as (process, _):
        assert said.readline() == b"ready\n"
        process.kill()

        assert said.readline() == b"the parent has gone\n"
