"""Workers of a server that die, drain, or lose the server: nothing is lost, and nothing is paid for twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from gristmill.adapters.local import Supervisor
from gristmill.adapters.sql import open_store
from gristmill.adapters.sql.store import SqlStore
from gristmill.domain.completion import ModelName
from gristmill.domain.job import JobStatus
from gristmill.domain.model import Limits
from gristmill.domain.report import JobTotals
from support.child import start_python
from support.mill import JOB, PRICED, Mill
from support.provider import Conduct, Running
from support.shell import MODEL, is_alive, kill, provider_process, unmeasured

IN_FLIGHT = 16
# Less than a lease lasts: whoever waits for one to expire is too late.
SOON_SECONDS = 25.0
RECORDS = 500

PARENT = """
import asyncio
from gristmill.adapters.local import Supervisor
asyncio.run(Supervisor(1).run())
"""


@pytest.fixture
def provider() -> Iterator[Running]:
    conduct = Conduct(
        latency=0.05, reply_tokens=10, bytes_per_token=1, input_price=1_000_000_000, output_price=4_000_000_000
    )
    with provider_process(conduct) as running:
        yield running


@pytest.fixture
def mill(tmp_path: Path, provider: Running, monkeypatch: pytest.MonkeyPatch) -> Mill:
    """The settings' store of this process and its children. Coverage stays out of those: some are killed."""
    clean = {name: value for name, value in unmeasured().items() if "proxy" not in name.lower()}
    own = {"GRISTMILL_HOME": str(tmp_path), "OPENAI_BASE_URL": provider.base_url, "OPENAI_API_KEY": "key"}
    for name in set(os.environ) - set(clean):
        monkeypatch.delenv(name)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    return Mill(tmp_path)


async def order(mill: Mill, *, records: int) -> None:
    limits = Limits(max_in_flight=IN_FLIGHT)
    await mill.order(records=records, price=PRICED, budget=10**9, limits=limits, model=ModelName(MODEL))


@asynccontextmanager
async def looking(mill: Mill) -> AsyncIterator[SqlStore]:
    store = open_store(f"sqlite:///{mill.folder / 'store.db'}")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def supervised(workers: int) -> AsyncIterator[tuple[Supervisor, "asyncio.Task[None]"]]:
    supervisor = Supervisor(workers)
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return soon after it holds; fail the test when it does not in time."""
    try:
        async with asyncio.timeout(SOON_SECONDS):
            while not await condition():  # noqa: ASYNC110 - other processes tell nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {SOON_SECONDS} s: {what}")


async def until_nobody_works(store: SqlStore) -> None:
    async def nobody_works() -> bool:
        return not any(job.workers for job in await store.list_open_jobs())

    await until(nobody_works, "every lease is given back")


def workers_of(pid: int) -> list[int]:
    """The children of a process that are workers."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]
    return [child for child in children if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")]


def require_paid_once(provider: Running, totals: JobTotals, *, again: int) -> None:
    """Each prompt was answered once but for so many that were in flight at a kill; all money is accounted for."""
    books = provider.stats()
    assert books["calls"] - books["distinct_prompts"] <= again
    assert totals.lost == 0
    assert totals.held == 0
    assert totals.granted == totals.spent.total
    assert totals.spent.billed <= books["billed_nano"] <= totals.spent.total


async def test_a_worker_that_is_killed_comes_back_and_its_job_goes_on(mill: Mill, provider: Running) -> None:
    await order(mill, records=RECORDS)
    async with looking(mill) as store, supervised(1) as (supervisor, _):
        await until_calls(provider, RECORDS // 3)
        for pid in workers_of(os.getpid()):
            kill(pid)

        async def has_ended() -> bool:
            return (await store.read_job(JOB)).has_ended

        await until(has_ended, "the job has ended")
        assert supervisor.restarts == 1
        assert (await store.read_job(JOB)).status is JobStatus.COMPLETED
        totals = await store.read_totals(JOB)
    assert totals.accepted == RECORDS == provider.stats()["distinct_prompts"]
    require_paid_once(provider, totals, again=IN_FLIGHT)


async def until_calls(provider: Running, calls: int) -> None:
    async def were_taken() -> bool:
        return bool((await asyncio.to_thread(provider.stats))["calls"] >= calls)

    await until(were_taken, f"{calls} calls")


async def test_a_drain_gives_back_every_lease_and_pays_for_nothing_that_is_not_kept(
    mill: Mill, provider: Running
) -> None:
    await order(mill, records=9_000)
    async with looking(mill) as store, supervised(1) as (supervisor, task):
        await until_calls(provider, 100)
        supervisor.drain()
        await task
        assert supervisor.alive == 0
        assert not any(job.workers for job in await store.list_open_jobs())
        totals = await store.read_totals(JOB)
        assert (await store.read_job(JOB)).status is JobStatus.RUNNING
    assert 0 < totals.accepted == totals.counts.made == provider.stats()["calls"]
    assert totals.spent.presumed == 0
    require_paid_once(provider, totals, again=0)


async def test_workers_whose_supervisor_is_killed_finish_what_is_in_flight_and_go(
    mill: Mill, provider: Running
) -> None:
    await order(mill, records=9_000)
    with start_python(PARENT) as (parent, _):
        async with looking(mill) as store:
            await until_calls(provider, 100)
            workers = workers_of(parent.pid)
            parent.send_signal(signal.SIGKILL)
            await until_nobody_works(store)
            totals = await store.read_totals(JOB)

    async def are_gone() -> bool:
        return not any(map(is_alive, workers))

    assert len(workers) == 1
    await until(are_gone, "the workers have gone")
    assert 0 < totals.accepted == provider.stats()["calls"]
    require_paid_once(provider, totals, again=0)
