"""Workers without a job: they take up all jobs, users take turns, and nothing a job does harms another."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from gristmill.adapters.local import LocalBlobs, LocalJournal
from gristmill.adapters.scripted import ScriptedModels
from gristmill.adapters.sql import SqlStore, open_store
from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.domain.ids import JobId, UserId, WorkerId
from gristmill.domain.job import ENDED, Job, JobStatus, Order, StopReason
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd
from gristmill.domain.sharding import plan_shards
from gristmill.domain.turns import TURN_SECONDS
from gristmill.errors import UnknownModelError
from gristmill.ports.models import Models
from gristmill.recipes import compile_template
from gristmill.worker import TurnPorts, take_turns
from gristmill.worker.persist import new_write
from gristmill.worker.turns import PLACES
from support.mill import FREE, NO_LIMITS, ONE_STEP, FakeModels, echo
from support.virtual_time import VirtualClock, run_virtually

ANN, BOB = UserId("ann"), UserId("bob")
SLOW = ModelName("scripted:demo?latency=1")
TEMPLATE = ONE_STEP.replace("50}", "500}")
RECIPE = compile_template(TEMPLATE)
LIMIT_OF_ONE = (
    "INSERT INTO users (id, email, password, role, created_at, running_limit, models) "
    "VALUES ('ann', 'ann', '', 'user', 0, 1, '{}')"
)
OTHER_RECIPE = f"""UPDATE jobs SET "order" = REPLACE("order", '{RECIPE.digest}', 'another') WHERE id = 'bad'"""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Server:
    """A store with its workers, in one virtual time."""

    folder: Path
    clock: VirtualClock
    store: SqlStore
    drain: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[JobId] = field(default_factory=list)

    async def order(
        self, name: str, owner: UserId, *, records: int = 10, model: ModelName = SLOW, in_flight: int = 4
    ) -> JobId:
        job = Job(
            id=JobId(name),
            owner=owner,
            name=name,
            order=Order(
                name=RECIPE.name,
                template=TEMPLATE,
                recipe=RECIPE.digest,
                aliases=dict.fromkeys(RECIPE.models, model),
                models={model: Model(name=model, price=FREE, limits=NO_LIMITS)},
                attempt_limit=RECIPE.attempts.limit,
                max_in_flight=in_flight,
            ),
            records=records,
            budget=NanoUsd(0),
            created_at=self.clock.now(),
        )
        await self.store.create_job(job, plan_shards(job.id, first_slot=0, records=records, first_number=0))
        return job.id

    @asynccontextmanager
    async def ports(self, worker: str, models: Models) -> AsyncIterator[TurnPorts]:
        journal = LocalJournal(self.folder / "journal", WorkerId(worker))

        async def note_end(job: JobId) -> None:
            self.ended.append(job)

        try:
            yield TurnPorts(
                store=self.store,
                blobs=LocalBlobs(self.folder / "blobs"),
                journal=journal,
                models=models,
                clock=self.clock,
                turns=self.store,
                workers=self.store,
                host="host",
                cpu_seconds=lambda: 1.5,
                on_ended=note_end,
            )
        finally:
            journal.close()

    @asynccontextmanager
    async def at_work(
        self, workers: int = 1, models: Models | None = None, change: Callable[[TurnPorts], TurnPorts] = lambda one: one
    ) -> AsyncIterator[None]:
        """So many workers, which drain at the end."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for number in range(workers):
                name = f"worker-{number}"
                ports = change(await stack.enter_async_context(self.ports(name, models or ScriptedModels())))
                group.create_task(take_turns(ports, WorkerId(name), self.drain))
            yield
            self.drain.set()

    def change(self, statement: str) -> None:
        """Change rows past the adapter."""
        with closing(sqlite3.connect(self.folder / "store.db")) as connection, connection:
            connection.execute(statement)

    async def until(self, condition: Callable[[], Awaitable[bool]], *, seconds: float) -> float:
        """Let time pass until it holds, and say how long that took."""
        started = self.clock.monotonic()
        while not await condition():
            assert self.clock.monotonic() - started < seconds
            await asyncio.sleep(0.1)
        return self.clock.monotonic() - started

    async def until_ended(self, *jobs: JobId, seconds: float = 60.0) -> float:
        async def have_ended() -> bool:
            return all([(await self.store.read_job(job)).status in ENDED for job in jobs])

        return await self.until(have_ended, seconds=seconds)

    async def accepted(self, job: JobId) -> int:
        return (await self.store.read_totals(job)).accepted

    async def status(self, job: JobId) -> JobStatus:
        return (await self.store.read_job(job)).status

    async def at_work_now(self) -> Counter[UserId]:
        """How many jobs of each user somebody holds a lease of."""
        return Counter(job.owner for job in await self.store.list_open_jobs() if job.workers)


@pytest.fixture
def serve(tmp_path: Path) -> "Serve":
    """Run a scenario in virtual time; at its end no lease stands and no worker is known."""

    def run(scenario: Callable[[Server], Awaitable[None]]) -> None:
        async def main(clock: VirtualClock) -> None:
            store = open_store(f"sqlite:///{tmp_path / 'store.db'}", now=clock.now)
            server = Server(tmp_path, clock, store)
            try:
                await scenario(server)
                assert not await server.at_work_now()
                assert not await store.list_workers(LONG_AGO)
            finally:
                await store.close()

        run_virtually(main)

    return run


Serve = Callable[[Callable[[Server], Awaitable[None]]], None]


def test_every_job_of_the_store_is_made_those_ordered_later_too(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        first = await server.order("1", ANN)
        async with server.at_work(workers=2):
            await server.until_ended(first)
            second = await server.order("2", BOB)
            await server.until_ended(second)
            assert [await server.accepted(job) for job in (first, second)] == [10, 10]
        assert set(server.ended) == {first, second}

    serve(scenario)


def test_a_small_job_of_another_user_is_done_long_before_a_large_one_that_goes_on_meanwhile(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        large = await server.order("large", ANN, records=9_000)
        async with server.at_work(workers=2):
            await asyncio.sleep(20)
            before = await server.accepted(large)
            small = await server.order("small", BOB)
            assert await server.until_ended(small) < 10
            await asyncio.sleep(5)
            assert 0 < before < await server.accepted(large) < 9_000

    serve(scenario)


def test_many_jobs_of_one_user_make_room_at_once_for_the_first_of_another(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        jobs = [await server.order(f"large-{number}", ANN, records=4_000) for number in range(PLACES + 2)]
        async with server.at_work():
            await asyncio.sleep(10)
            assert await server.at_work_now() == {ANN: PLACES}
            before = sum([await server.accepted(job) for job in jobs])
            small = await server.order("small", BOB)
            assert await server.until_ended(small) < 8
            # What gave way comes back, and nothing that was paid for is paid for again.
            await asyncio.sleep(5)
            assert await server.at_work_now() == {ANN: PLACES}
            assert sum([await server.accepted(job) for job in jobs]) > before

    serve(scenario)


def test_more_users_than_places_take_turns(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        users = [UserId(f"user-{number}") for number in range(PLACES + 2)]
        jobs = [await server.order(f"of-{user}", user, records=4_000, in_flight=1) for user in users]
        async with server.at_work():
            await asyncio.sleep(TURN_SECONDS - 5)
            assert len([job for job in jobs if await server.accepted(job)]) == PLACES
            await asyncio.sleep(TURN_SECONDS + 5)
            made = [await server.accepted(job) for job in jobs]
            assert all(made)
            await asyncio.sleep(2 * TURN_SECONDS)
            assert all([await server.accepted(job) > before for job, before in zip(jobs, made, strict=True)])

    serve(scenario)


def test_a_job_that_gives_its_place_back_holds_nobody_up_while_its_last_calls_hang(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        calls = asyncio.Event()

        async def hang(request: Completion) -> Reply:
            if request.model == "test:hangs":
                await calls.wait()
            return await echo(request)

        for number in range(PLACES):
            await server.order(f"hangs-{number}", ANN, model=ModelName("test:hangs"))
        async with server.at_work(models=FakeModels(hang)):
            await asyncio.sleep(5)
            small = await server.order("small", BOB, model=ModelName("test:quick"))
            assert await server.until_ended(small) < 2
            calls.set()

    serve(scenario)


def test_a_limit_of_one_running_job_lets_the_next_begin_when_the_first_has_ended(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        server.change(LIMIT_OF_ONE)
        first, second = await server.order("1", ANN), await server.order("2", ANN)
        async with server.at_work(workers=2):
            await server.until_ended(first, second)
            ended, started = await server.store.read_job(first), await server.store.read_job(second)
            assert ended.finished_at is not None
            assert started.started_at is not None
            assert ended.finished_at <= started.started_at

    serve(scenario)


def test_what_a_restart_or_a_crash_left_is_taken_up_and_ended(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        jobs = [await server.order(name, ANN) for name in ("1", "2")]
        # The first is held by a worker that was killed, and nobody ended the second.
        await server.store.acquire_shard(jobs[0], WorkerId("killed"), new_write())
        await server.store.stop_job(jobs[1], StopReason.PAUSED, "by hand")
        async with server.at_work():
            await server.until_ended(*jobs)
        assert [await server.status(job) for job in jobs] == [JobStatus.COMPLETED, JobStatus.PAUSED]

    serve(scenario)


def test_a_drain_lets_calls_in_flight_finish_and_gives_every_lease_back(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        jobs = [await server.order(str(number), ANN, records=4_000) for number in range(3)]
        async with server.at_work(workers=2):
            await asyncio.sleep(10.5)
        assert not await server.at_work_now()
        assert not list((server.folder / "journal").iterdir())
        assert all([await server.accepted(job) for job in jobs])
        assert all([(await server.store.read_totals(job)).lost == 0 for job in jobs])

    serve(scenario)


def test_a_job_that_cannot_be_worked_on_fails_alone_with_the_reason(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        bad, good = await server.order("bad", ANN), await server.order("good", ANN)
        server.change(OTHER_RECIPE)
        async with server.at_work():
            await server.until_ended(good)
            await server.until_ended(bad)
        job = await server.store.read_job(bad)
        assert job.status is JobStatus.FAILED
        assert "reads the template of job bad differently" in job.detail

    serve(scenario)


def test_a_job_that_ends_a_run_unexpectedly_is_tried_again_later_and_then_given_up(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        async def fall(request: Completion) -> Reply:
            if request.model == "test:falls":
                raise RuntimeError("not foreseen")
            return await echo(request)

        bad = await server.order("bad", ANN, model=ModelName("test:falls"))
        good = await server.order("good", ANN, model=ModelName("test:good"))
        with capture_logs([merge_contextvars]) as logs:
            async with server.at_work(models=FakeModels(fall)):
                assert await server.until_ended(good) < 2
                await server.until_ended(bad, seconds=300)
        assert [(line["job"], str(line["exc_info"])) for line in logs if line["event"] == "job_fell"] == [
            (bad, "not foreseen")
        ] * 3
        job = await server.store.read_job(bad)
        assert (job.status, job.detail[:40]) == (JobStatus.FAILED, "Workers came to an unexpected end at it,")

    serve(scenario)


def test_the_models_of_a_job_are_opened_for_it_and_closed_after_it(serve: Serve) -> None:
    opened, closed = list[JobId](), list[JobId]()

    @dataclass(slots=True)
    class Own(FakeModels):
        job: JobId | None = None

        async def close(self) -> None:
            assert self.job is not None
            closed.append(self.job)

    async def open_for(job: JobId) -> Models:
        opened.append(job)
        return Own(echo, job=job)

    async def scenario(server: Server) -> None:
        jobs = [await server.order(f"{owner}-{number}", owner) for owner in (ANN, BOB) for number in range(2)]
        async with server.at_work(change=lambda ports: replace(ports, models_for=open_for)):
            await server.until_ended(*jobs)
        assert sorted(opened) == sorted(closed) == sorted(jobs)

    serve(scenario)


def test_a_job_whose_models_cannot_be_opened_fails_alone_with_the_reason(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        bad, good = await server.order("bad", ANN), await server.order("good", ANN)

        async def open_for(job: JobId) -> Models:
            if job == bad:
                raise UnknownModelError("It was withdrawn.")
            return FakeModels(echo)

        async with server.at_work(change=lambda ports: replace(ports, models_for=open_for)):
            await server.until_ended(bad, good)
        job = await server.store.read_job(bad)
        assert (job.status, job.detail) == (JobStatus.FAILED, "It was withdrawn.")

    serve(scenario)


def test_a_worker_tells_of_itself_while_it_works(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        model = ModelName("scripted:demo?latency=0.93")
        job = await server.order("1", ANN, records=400, model=model, in_flight=2)
        async with server.at_work():
            await asyncio.sleep(16.5)
            (seen,) = await server.store.list_workers(LONG_AGO)
            gauges = seen.gauges
            assert (seen.id, seen.host, gauges.jobs, gauges.in_flight) == ("worker-0", "host", 1, 2)
            assert gauges.windows == {model: 2}
            assert gauges.making.keys() == {job}
            assert gauges.making[job] >= 2
            assert gauges.cpu_seconds == 1.5
            assert gauges.calls - gauges.latencies.count == 2
            assert gauges.latencies.count == gauges.latencies.counts[4] == 2 * 16
            assert gauges.usage.output > 0
            assert await server.accepted(job) > 0

    serve(scenario)


def test_jobs_whose_last_worker_died_before_it_tidied_up_are_seen_to_at_the_next_start(serve: Serve) -> None:
    async def scenario(server: Server) -> None:
        job = await server.order("1", ANN)
        await server.store.stop_job(job, StopReason.CANCELLED)
        await server.store.finish_job(job)
        async with server.at_work():
            await asyncio.sleep(1)
        assert server.ended == [job]

    serve(scenario)
