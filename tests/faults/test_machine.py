"""No room, no permission, clocks that jump, signals: a clear word or a recovery, and nothing lost."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen

import pytest

from gristmill.adapters.local import LocalBlobs, LocalJournal
from gristmill.adapters.sql import open_store
from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import WorkerId
from gristmill.domain.job import JobStatus
from gristmill.worker import WorkerPorts, keeper, recovery, run_worker
from support.mill import JOB, PRICED, FakeModels, Mill, echo
from support.provider import Conduct, Running
from support.shell import Shell, children_of, is_alive, provider_process, wait_until

CONCURRENCY = 16
RECORDS = 600

TEMPLATE = """\
name: machine
defaults: {model: cheap, max_tokens: 60}
steps:
  - {id: question, prompt: "Question {{ slot }}"}
  - {id: answer, prompt: "Answer {{ steps.question.output }}"}
record: {slot: "{{ slot }}", answer: "{{ steps.answer.output }}"}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    conduct = Conduct(
        latency=0.03, reply_tokens=10, bytes_per_token=1, input_price=1_000_000_000, output_price=4_000_000_000
    )
    options = ("--records", str(RECORDS), "--budget", "10", "--price", "openai:loopback=1/4")
    with provider_process(conduct) as provider:
        yield Shell(
            folder=tmp_path,
            out=tmp_path / "out",
            provider=provider,
            template=TEMPLATE,
            options=(*options, "--concurrency", str(CONCURRENCY)),
        )


def calls(provider: Running) -> int:
    return int(provider.stats()["calls"])


def wait_for_calls(shell: Shell, run: Popen[str], number: int) -> None:
    wait_until(lambda: calls(shell.provider) >= number or run.poll() is not None, f"{number} calls")
    assert run.poll() is None, shell.said()


def require_whole(shell: Shell, *, again: int) -> None:
    """All records, no money lost, and at most so many calls paid for twice."""
    books, summary = shell.provider.stats(), shell.summary()
    assert [int(row["slot"]) for row in shell.dataset()] == list(range(RECORDS))
    assert summary["status"] == "completed"
    assert float(summary["lost_usd"]) == 0
    assert books["calls"] - books["distinct_prompts"] <= again
    seen = shell.look()
    assert seen is not None
    assert seen.totals.spent.billed <= books["billed_nano"] <= seen.totals.spent.total == seen.totals.granted


def stays_still(provider: Running, *, seconds: float) -> bool:
    """Whether the provider takes no call for so long."""
    deadline, before = time.monotonic() + seconds, calls(provider)
    while time.monotonic() < deadline:
        if calls(provider) != before:
            return False
        time.sleep(0.05)
    return True


def test_a_full_disk_stops_new_calls_until_there_is_room_and_nothing_is_paid_twice(shell: Shell) -> None:
    with shell.start() as run:
        try:
            wait_for_calls(shell, run, 200)
            (worker,) = children_of(run)
            _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE)
            # No file of the worker's takes another byte.
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, most))
            # Longer than a commit may wait, so that lines, segments and the store have all been refused.
            wait_until(lambda: stays_still(shell.provider, seconds=keeper.COMMIT_SECONDS + 1), "no more calls")
            assert calls(shell.provider) < RECORDS
            assert is_alive(worker)
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most))
            run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 0, shell.said()
    assert any("no_room" in log.read_text() for log in (shell.out / ".gristmill" / "logs").iterdir())
    require_whole(shell, again=0)


def test_a_folder_nobody_may_write_is_refused_with_a_sentence(shell: Shell) -> None:
    # Nobody makes a folder there, not even root.
    unwritable = replace(shell, out=Path("/sys/gristmill"))
    assert unwritable.run() in (2, 4)
    assert "/sys/gristmill" in shell.said()
    assert "Traceback" not in shell.said()
    assert calls(shell.provider) == 0


def test_a_second_run_on_a_folder_says_who_holds_it_and_harms_nothing(shell: Shell) -> None:
    with shell.start() as run:
        wait_for_calls(shell, run, 20)
        assert shell.run() == 2
        said = shell.said()
        assert f"process {run.pid}" in " ".join(said.split())
        run.communicate(timeout=60)
    assert run.returncode == 0
    require_whole(shell, again=0)


def test_a_worker_told_to_end_finishes_what_is_in_flight_and_the_next_goes_on(shell: Shell) -> None:
    with shell.start() as run:
        wait_for_calls(shell, run, 200)
        (worker,) = children_of(run)
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: not is_alive(worker), "the worker to end")
        run.communicate(timeout=60)
    assert run.returncode == 0, shell.said()
    require_whole(shell, again=0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_finishes_what_is_in_flight_and_the_same_command_goes_on(
    shell: Shell, number: signal.Signals
) -> None:
    with shell.start() as run:
        wait_for_calls(shell, run, 200)
        run.send_signal(number)
        run.communicate(timeout=30)
    assert run.returncode == 130
    assert "run the same command again" in " ".join(shell.said().split())
    assert 0 < len(shell.dataset()) == shell.summary()["records"]["accepted"] < RECORDS
    assert shell.run() == 0, shell.said()
    require_whole(shell, again=0)


def test_a_second_ctrl_c_stops_at_once_and_the_same_command_goes_on(shell: Shell) -> None:
    with shell.start() as run:
        wait_for_calls(shell, run, 200)
        shell.provider.change(latency=3600.0)
        wait_until(lambda: shell.provider.stats()["in_flight"] == CONCURRENCY, "calls that do not end")
        run.send_signal(signal.SIGINT)
        wait_until(lambda: "Once more stops at once" in shell.said(), "the hint")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=15)
    assert run.returncode == 130
    shell.provider.change(latency=0.01)
    assert shell.run() == 0, shell.said()
    require_whole(shell, again=CONCURRENCY)


@dataclass(slots=True)
class JumpingClock:
    """A wall clock that somebody sets; the monotonic one goes on as ever."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()


@asynccontextmanager
async def open_ports(folder: Path, models: FakeModels, clock: JumpingClock, name: str) -> AsyncIterator[WorkerPorts]:
    store = open_store(f"sqlite:///{folder / 'store.db'}", now=clock.now)
    journal = LocalJournal(folder / "journal", WorkerId(name))
    try:
        yield WorkerPorts(store=store, blobs=LocalBlobs(folder / "blobs"), journal=journal, models=models, clock=clock)
    finally:
        journal.close()
        await store.close()


async def work(folder: Path, models: FakeModels, clock: JumpingClock, name: str) -> None:
    async with open_ports(folder, models, clock, name) as ports:
        await run_worker(JOB, ports, WorkerId(name), asyncio.Event())


@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_clock_that_is_set_in_mid_job_loses_nothing(
    quick_path: Path, hours: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE_SECONDS", 0.2)
    clock = JumpingClock()

    async def answer(request: Completion) -> Reply:
        if len(models.asked) == 100:
            clock.ahead = timedelta(hours=hours)
        await asyncio.sleep(0.01)
        return await echo(request)

    models = FakeModels(answer)
    mill = Mill(quick_path)
    await mill.order(records=400, price=PRICED, budget=10**9)
    async with asyncio.TaskGroup() as group:
        for number in range(workers):
            group.create_task(work(quick_path, models, clock, f"worker-{number}"))
    outcome = await mill.read()
    totals = outcome.totals
    assert outcome.job.status is JobStatus.COMPLETED
    assert [row.slot for row in outcome.records] == list(range(400))
    assert totals.spent.total + totals.lost == totals.granted <= 10**9
    assert totals.spent.billed <= len(models.asked) * 60_000 <= totals.granted
    if workers == 1:
        assert len(models.asked) == 400
        assert totals.lost == 0
