"""What goes wrong below the store reaches its caller in our words, with nothing changed, and the write may go again."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gristmill.adapters.sql import open_store, sqlite
from gristmill.domain.ids import JobId
from gristmill.domain.sharding import plan_shards
from gristmill.errors import NotFoundError, StorageFullError, StoreBusyError
from gristmill.ports.store import Store
from support.stores import a_job

BIG = JobId("big")


@contextmanager
def file_sizes_limited_to(most: int) -> Iterator[None]:
    """A disk without room, as one process sees it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def create_big(store: Store) -> None:
    await store.create_job(
        a_job(records=4096 * 400, job=BIG), plan_shards(BIG, first_slot=0, records=4096 * 400, first_number=0)
    )


def test_a_full_disk_changes_nothing_and_the_same_write_goes_again_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "store.db"

    async def fill_up() -> int:
        store = open_store(f"sqlite:///{path}")
        with file_sizes_limited_to(path.stat().st_size), pytest.raises(StorageFullError, match="no room"):
            await create_big(store)
        with pytest.raises(NotFoundError):
            await store.read_job(BIG)
        await create_big(store)
        shards = len(await store.list_shards(BIG))
        await store.close()
        return shards

    assert asyncio.run(fill_up()) == 400


def test_a_store_that_another_process_holds_is_busy_and_then_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)

    async def meet(holder: sqlite3.Connection, store: Store) -> JobId:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="busy"):
            await store.create_job(a_job(), [])
        holder.execute("ROLLBACK")
        await store.create_job(a_job(), [])
        (job,) = await store.list_jobs()
        await store.close()
        return job.id

    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as holder:
        assert asyncio.run(meet(holder, store)) == a_job().id
