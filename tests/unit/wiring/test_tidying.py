"""A server tidies by itself: what expired goes, what is in use stays, and one part that fails holds up no other."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gristmill.adapters.local import LocalBlobs, SystemClock
from gristmill.adapters.sql import SqlStore, open_store
from gristmill.domain.ids import JobId
from gristmill.wiring.threads import run_apart
from gristmill.wiring.tidying import EVERY_SECONDS, keep_tidy, tidy_once

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JOB = JobId("kept-1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


async def test_orphans_go_and_files_of_jobs_that_nobody_deleted_stay(store: SqlStore, tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    await blobs.put_new(f"jobs/{JOB}/segments/a.parquet", b"a")
    await blobs.put_new("seeds/0123456789abcdef.parquet", b"rows of nobody")
    with capture_logs() as logs:
        await tidy_once(store, blobs, now=NOW)
    assert [name async for name in blobs.list("")] == [f"jobs/{JOB}/segments/a.parquet"]
    assert [(log["event"], log["part"], log["count"]) for log in logs] == [("tidied", "seeds", 1)]


async def test_a_part_that_cannot_be_tidied_holds_up_no_other(store: SqlStore, tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    await blobs.put_new("seeds/0123456789abcdef.parquet", b"rows of nobody")
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("DROP TABLE throttles")
    other.close()
    with capture_logs() as logs:
        await tidy_once(store, blobs, now=NOW)
    assert [(log["event"], log["part"]) for log in logs] == [("not_tidied", "accounts"), ("tidied", "seeds")]


async def test_it_is_done_soon_after_the_start_and_then_every_hour(store: SqlStore, tmp_path: Path) -> None:
    rests = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) > 3:
            raise EOFError

    with suppress(EOFError):
        await keep_tidy(store, LocalBlobs(tmp_path / "blobs"), SystemClock(), rest=rest)
    assert rests[0] < rests[1] == rests[3] == EVERY_SECONDS


async def test_what_runs_apart_gives_its_answer_and_is_over_once_it_was_cancelled() -> None:
    begun, is_over = asyncio.Event(), []
    here = asyncio.get_running_loop()

    async def work() -> None:
        here.call_soon_threadsafe(begun.set)
        try:
            await asyncio.Event().wait()
        finally:
            is_over.append(True)

    task = asyncio.create_task(run_apart(work()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_over == [True]
    assert await run_apart(asyncio.sleep(0, "done")) == "done"
