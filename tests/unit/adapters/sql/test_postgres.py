"""PostgreSQL behind the store: who waits for whom, whose clock counts, and what becomes of an accident."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from gristmill.adapters.sql import SqlStore, open_store, postgres
from gristmill.adapters.sql.events import write_event
from gristmill.adapters.sql.migrate import alembic_config
from gristmill.adapters.sql.rows import decode_time, encode_job
from gristmill.adapters.sql.schema import REVISIONS
from gristmill.adapters.sql.tables import metadata
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId, WorkerId, WriteId
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease
from gristmill.domain.sharding import plan_shards
from gristmill.errors import BadInputError, GristmillError, NotFoundError, StorageFullError, StoreBusyError
from support.postgres import empty_database, fresh_database, query, server_folder, url_of
from support.stores import JOB, a_job, a_progress, a_report, a_segment

OTHER = JobId("other")
SERVERS = 4
PATIENCE_SECONDS = 20
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as fresh:
        yield fresh


@pytest.fixture
def empty() -> Iterator[str]:
    with empty_database() as made:
        yield made


@contextmanager
def running(url: str, *jobs: JobId) -> Iterator[tuple[SqlStore, asyncio.Runner]]:
    store = open_store(url)
    with asyncio.Runner() as runner:
        for job in jobs:
            shards = plan_shards(job, first_slot=0, records=4, first_number=0)
            runner.run(store.create_job(replace(a_job(records=4), id=job), shards))
        try:
            yield store, runner
        finally:
            runner.run(store.close())


class Held:
    """A write that landed and has not committed yet: it waits until it may."""

    def __init__(self) -> None:
        self.is_in = threading.Event()
        self.may_go = threading.Event()

    def write(self, tx: Transaction, job: JobId) -> None:
        write_event(tx, job, "warning", {"held": True})
        self.is_in.set()
        assert self.may_go.wait(PATIENCE_SECONDS)


async def until_waiting(url: str, waiting: str = _WAITING) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while query(url, waiting) == [(0,)]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


# Who waits for whom.


def test_an_event_waits_for_an_earlier_one_of_its_job_so_none_appears_behind_a_later(url: str) -> None:
    with running(url, JOB) as (store, runner), running(url) as (other, _):
        held = Held()

        async def both() -> list[int]:
            async with asyncio.TaskGroup() as group:
                group.create_task(store._write_job(JOB, held.write, JOB))
                await asyncio.to_thread(held.is_in.wait, PATIENCE_SECONDS)
                group.create_task(other.write_event(JOB, "warning", {"held": False}))
                await until_waiting(url)
                seen = await store.read_events(JOB)
                held.may_go.set()
            return [event.sequence for event in await store.read_events(JOB, after=seen[-1].sequence)]

        after = runner.run(both())
        told = runner.run(store.read_events(JOB))
        assert [event.fields.get("held") for event in told] == [None, True, False]
        assert after == [event.sequence for event in told[1:]]


def test_jobs_do_not_wait_for_each_other_and_a_write_of_the_whole_store_waits_for_all(url: str) -> None:
    with running(url, JOB, OTHER) as (store, runner), running(url) as (other, _):
        held = Held()

        async def three() -> list[str]:
            ended = []
            async with asyncio.TaskGroup() as group:
                group.create_task(store._write_job(JOB, held.write, JOB))
                await asyncio.to_thread(held.is_in.wait, PATIENCE_SECONDS)
                await other.write_event(OTHER, "warning", {})
                ended.append("other job")
                whole = group.create_task(other.create_job(replace(a_job(), id=JobId("third")), []))
                await until_waiting(url)
                assert not whole.done()
                ended.append("held")
                held.may_go.set()
            return ended

        assert runner.run(three()) == ["other job", "held"]


def test_what_was_summed_before_a_transaction_began_is_never_ahead_of_it(url: str) -> None:
    with running(url, JOB) as (store, runner):
        lease = runner.run(store.acquire_shard(JOB, WorkerId("w"), WriteId("a")))
        assert isinstance(lease, Lease)
        progress = a_progress([0])
        known = store._totals.known(JOB)
        with store._database.reading() as connection:
            now = store._database.read_clock(connection)
            early = Transaction(connection=connection, now=now, ttl=store._ttl, chance=store._chance)
            segment = a_segment(lease, "s", progress)
            runner.run(store.commit_segment(lease, segment, progress, a_report(block=0), WriteId("c")))
            late = runner.run(store.read_totals(JOB))
            before = store._totals.read(early, JOB, known)
        assert (before.accepted, before.sums) == (0, ())
        assert (late.accepted, len(late.sums)) == (1, 1)
        assert runner.run(store.read_totals(JOB)) == late


def test_a_store_that_somebody_holds_is_busy_and_then_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "BUSY_TIMEOUT_SECONDS", 0.05)
    with running(url) as (store, runner), connect(url) as holder, holder.transaction():
        holder.execute(f"SELECT pg_advisory_xact_lock({postgres.STORE_LOCK})")
        with pytest.raises(StoreBusyError, match="busy"):
            runner.run(store.create_job(a_job(), []))
        with pytest.raises(NotFoundError):
            runner.run(store.read_job(JOB))
    with running(url) as (store, runner):
        runner.run(store.create_job(a_job(), []))
        assert runner.run(store.read_job(JOB)).id == JOB


def test_a_write_left_in_the_middle_is_given_up_so_its_job_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "IDLE_TIMEOUT_SECONDS", 0.05)
    with running(url, JOB) as (frozen, frozen_runner), running(url) as (store, runner):
        held = Held()

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                ghost = group.create_task(swallow(frozen._write_job(JOB, held.write, JOB)))
                await asyncio.to_thread(held.is_in.wait, PATIENCE_SECONDS)
                await asyncio.to_thread(runner.run, store.write_event(JOB, "warning", {}))
                held.may_go.set()
            assert isinstance(ghost.result(), StoreBusyError)

        frozen_runner.run(both())
        assert [event.type for event in runner.run(store.read_events(JOB))] == ["state", "warning"]


async def swallow(work: object) -> object:
    try:
        return await work  # type: ignore[misc]
    except GristmillError as error:
        return error


# Whose clock counts.


def test_a_lease_runs_by_the_clock_of_the_database_from_when_its_job_was_free(url: str) -> None:
    now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    with running(url, JOB) as (store, runner):
        held = Held()

        async def acquire() -> int:
            async with asyncio.TaskGroup() as group:
                group.create_task(store._write_job(JOB, held.write, JOB))
                await asyncio.to_thread(held.is_in.wait, PATIENCE_SECONDS)
                group.create_task(store.acquire_shard(JOB, WorkerId("w"), WriteId("a")))
                await until_waiting(url)
                ((waiting,),) = query(url, now)
                held.may_go.set()
            return int(waiting)

        waiting = runner.run(acquire())
        expires = runner.run(store.list_shards(JOB))[0].expires_at
        ((after,),) = query(url, now)
        assert expires is not None
        assert decode_time(waiting) <= expires - timedelta(seconds=30) <= decode_time(after)


# Accidents.


def test_a_commit_whose_connection_is_cut_may_be_repeated_unchanged(url: str) -> None:
    with running(url, JOB) as (store, runner), connect(url) as holder:
        lease = runner.run(store.acquire_shard(JOB, WorkerId("w"), WriteId("a")))
        assert isinstance(lease, Lease)
        held_lease, progress = lease, a_progress([0, 1])
        segment = a_segment(lease, "s", progress, spent=NanoUsd(5))

        def commit() -> "asyncio.Future[Lease]":
            report = a_report(block=5, spent=5, least=5)
            return asyncio.ensure_future(
                store.commit_segment(held_lease, segment, progress, report, WriteId("c")),
            )

        async def cut() -> None:
            with holder.transaction():
                holder.execute(f"SELECT pg_advisory_xact_lock({postgres.STORE_LOCK})")
                cut_off = commit()
                await until_waiting(url)
                holder.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
                with pytest.raises(StoreBusyError, match="connection to it was lost"):
                    await cut_off
            first = await commit()
            assert await commit() == first

        runner.run(cut())
        totals = runner.run(store.read_totals(JOB))
        assert (totals.accepted, totals.spent) == (2, Spent(billed=NanoUsd(5)))
        assert query(url, "SELECT name FROM segments") == [("segments/s",)]


def test_after_a_restart_of_the_server_one_verb_is_refused_at_most(url: str) -> None:
    with running(url, JOB) as (store, runner):
        runner.run(store.read_job(JOB))
        query(url, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'gristmill'")
        with pytest.raises(StoreBusyError):
            runner.run(store.read_job(JOB))
        assert runner.run(store.read_job(JOB)).id == JOB
        runner.run(store.write_event(JOB, "warning", {}))


def test_words_with_a_nul_are_kept_but_for_it(url: str) -> None:
    with running(url) as (store, runner):
        runner.run(store.create_job(replace(a_job(), detail="a\0b"), []))
        assert runner.run(store.read_job(JOB)).detail == "a\ufffdb"
        with pytest.raises(NotFoundError):
            runner.run(store.read_job(JobId("job-1\0")))


def waited(connection: psycopg.Connection) -> None:
    connection.execute("SET statement_timeout = 1")
    connection.execute("SELECT pg_sleep(5)")


def read_only(connection: psycopg.Connection) -> None:
    connection.execute("SET default_transaction_read_only = on")
    connection.execute("DELETE FROM jobs")


def forbidden(connection: psycopg.Connection) -> None:
    connection.execute("SET ROLE pg_monitor")
    connection.execute("DELETE FROM jobs")


def too_large(connection: psycopg.Connection) -> None:
    connection.execute("SELECT 99999999999::integer")


def cut_off(connection: psycopg.Connection) -> None:
    connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def raced(connection: psycopg.Connection) -> None:
    connection.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'serialization_failure'; END $$")


def full(connection: psycopg.Connection) -> None:
    connection.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'; END $$")


@pytest.mark.parametrize(
    ("accident", "meaning"),
    [
        (waited, StoreBusyError),
        (raced, StoreBusyError),
        (cut_off, StoreBusyError),
        (read_only, StorageFullError),
        (full, StorageFullError),
        (forbidden, BadInputError),
        (too_large, BadInputError),
    ],
)
def test_errors_of_postgresql_are_told_in_our_words(
    url: str, accident: Callable[[psycopg.Connection], None], meaning: type[GristmillError]
) -> None:
    with connect(url) as connection, pytest.raises(psycopg.Error) as caught:
        accident(connection)
    assert type(postgres.translate(caught.value)) is meaning


@pytest.mark.parametrize("error", [ValueError("ours"), psycopg.ProgrammingError("a bug")])
def test_errors_that_no_caller_can_act_on_stay_what_they_are(error: Exception) -> None:
    assert postgres.translate(error) is None


# Opening.


def open_at_once(url: str) -> None:
    barrier = threading.Barrier(SERVERS)

    def open_one(_: int) -> None:
        barrier.wait()
        asyncio.run(open_store(url).close())

    with ThreadPoolExecutor(SERVERS) as servers:
        list(servers.map(open_one, range(SERVERS)))


def test_servers_that_start_at_once_make_one_store(empty: str) -> None:
    open_at_once(empty)
    assert query(empty, "SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_servers_that_start_at_once_migrate_an_old_store_with_all_it_has(empty: str, revision: str) -> None:
    make_old(empty, revision)
    open_at_once(empty)
    engine = create_engine(empty.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    with running(empty) as (store, runner):
        (job,) = runner.run(store.list_jobs())
        assert (job.id, job.name) == (JOB, "questions")


def make_old(url: str, revision: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    job = encode_job(a_job())
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), revision)
        of_then = ("id", "kind", "status", "detail", "records", "siftings", "created_at", "order")
        columns = ", ".join(f'"{name}"' for name in of_then)
        values = ", ".join(f":{name}" for name in of_then)
        connection.execute(text(f"INSERT INTO jobs ({columns}) VALUES ({values})"), job)
        connection.execute(text("INSERT INTO budgets VALUES (:id, 1000, 0)"), {"id": job["id"]})
        if revision >= "0002":
            connection.execute(text("INSERT INTO templates VALUES ('a', 1, 'name: a', '{}', 0)"))
    engine.dispose()


def test_a_server_that_waits_for_a_long_migration_is_patient(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "BUSY_TIMEOUT_SECONDS", 0.01)
    with ThreadPoolExecutor(1) as other, connect(empty) as migrating:
        with migrating.transaction():
            migrating.execute(f"SELECT pg_advisory_xact_lock({postgres.STORE_LOCK})")
            opening = other.submit(lambda: asyncio.run(open_store(empty).close()))
            asyncio.run(until_waiting(empty, f"{_WAITING} AND waitstart < clock_timestamp() - interval '50 ms'"))
        opening.result(PATIENCE_SECONDS)


def test_a_store_of_a_newer_program_is_refused(empty: str) -> None:
    asyncio.run(open_store(empty).close())
    query(empty, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInputError, match=r"A newer Gristmill wrote this store \(schema 9999"):
        open_store(empty)


@pytest.mark.parametrize("table", ["recipes (cake TEXT)", "alembic_version (version_num TEXT)"])
def test_a_database_of_another_program_is_refused_and_left_alone(empty: str, table: str) -> None:
    query(empty, f"CREATE TABLE {table}")
    with pytest.raises(BadInputError, match="another program"):
        open_store(empty)
    assert query(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(1,)]


def test_a_database_in_another_encoding_is_refused(url: str) -> None:
    query(url, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(BadInputError, match="encoded as LATIN1"):
        open_store(url_of("latin"))
    query(url, "DROP DATABASE latin")


def test_a_database_or_user_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        open_store(url_of("nowhere"))
    with pytest.raises(BadInputError, match="does not exist") as caught:
        open_store(f"postgresql://nobody:secret@/postgres?host={server_folder()}")
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_busy() -> None:
    with pytest.raises(StoreBusyError, match="cannot be reached"):
        open_store("postgresql://nobody:secret@/store?host=/nowhere")


def test_a_url_that_cannot_be_read_does_not_give_its_password_away() -> None:
    with pytest.raises(BadInputError, match="names no store") as caught:
        open_store("postgresql://me:secret@host:port/store")
    assert "secret" not in str(caught.value)


def test_without_the_driver_it_is_said_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from gristmill.adapters.sql import open_store\n"
        "from gristmill.errors import BadInputError\n"
        "try: open_store('postgresql://host/store')\n"
        "except BadInputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert "pip install 'gristmill[postgres]'" in done.stdout
