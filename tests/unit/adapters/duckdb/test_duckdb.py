"""DuckDB runs our queries and nobody else's, reads our files and nothing else, and stops when it is told to."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import duckdb
import pytest

from gristmill.adapters.duckdb import DuckIndex
from gristmill.adapters.duckdb.database import Database
from gristmill.adapters.duckdb.queries import FILE, Query, Window, window_query
from gristmill.adapters.duckdb.shelf import Shelf
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets.index import index_name, write_index
from gristmill.domain.ids import Slot
from gristmill.domain.listing import START, RecordFilter
from gristmill.errors import NotFoundError
from support.browsing import first_rows, show_rows
from support.rows import a_row

HOSTILE = (
    "'; DROP TABLE shard_rows; --",
    "' OR '1'='1",
    '" OR 1=1 --',
    "$.a') OR true --",
    "?",
    "\\' UNION SELECT 1,2,3,4,5,6,7,8 --",
    "read_csv('/etc/passwd')",
    "\0",
    "%",
)
# It would take a year.
ENDLESS = "SELECT count(*) FROM range(9999999) a, range(9999999) b WHERE hash(a.range, b.range) = 1"


class FarBlobs(LocalBlobs):
    """Blobs that are no files of this machine, as far as anybody can tell."""

    def path_of(self, name: str) -> Path | None:
        return None


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    (tmp_path / "ours").mkdir()
    database = Database([tmp_path / "ours"], tmp_path / "spill")
    yield database
    database.close()


def query(statement: str, *values: object) -> Query:
    return Query(statement=statement, values=values)


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_a_user_writes_is_only_ever_compared(tmp_path: Path, text: str) -> None:
    blobs = LocalBlobs(tmp_path)
    index = DuckIndex(blobs, tmp_path / "duckdb", root=tmp_path)
    same = a_row(1, record={text: text})
    shown = await show_rows(blobs, [[a_row(0, record={"plain": "words"}), same, a_row(2, reason=text)]], {}, 1)
    for _ in range(2):
        for wanted in (RecordFilter(fields={text: text}), RecordFilter(text=text)):
            assert [row.record for row in await first_rows(index, shown, wanted)] == [same.record]
        assert [row.reason for row in await first_rows(index, shown, RecordFilter(reason=text))] == [text]
        await write_index(blobs, shown.job, shown.manifest)
    await index.close()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_user_is_in_the_text_of_a_query(text: str) -> None:
    def ask(word: str) -> Query:
        wanted = RecordFilter(reason=word, fields={word: word}, text=word)
        return window_query(FILE, wanted, Window(after=START, end=Slot(9), most=1), "/file")

    assert ask(text).statement == ask("plain").statement
    assert ask(text).statement.count("?") == len(ask(text).values)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
        "COPY (SELECT 1) TO '/tmp/gristmill-test-escape.csv'",
        "ATTACH '/tmp/gristmill-test-escape.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET autoinstall_known_extensions = true",
        "SET memory_limit = '9GB'",
        "SELECT * FROM statement",
    ],
)
async def test_the_database_reaches_for_nothing_else_and_stays_so(database: Database, statement: str) -> None:
    with pytest.raises(duckdb.Error):
        await database.ask(query(statement))


async def test_a_folder_that_leads_out_of_ours_is_not_ours(database: Database, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(duckdb.Error):
        await database.ask(query("SELECT * FROM read_csv(?)", str(tmp_path / "ours" / ".." / "other.csv")))


async def test_a_cancelled_query_ends_at_once_and_others_go_on(database: Database) -> None:
    endless = asyncio.create_task(database.ask(query(ENDLESS)))
    assert await database.ask(query("SELECT 1")) == [(1,)]
    started = time.monotonic()
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert time.monotonic() - started < 5
    assert await database.ask(query("SELECT ?", 2)) == [(2,)]


async def test_a_query_that_waits_for_its_turn_is_cancelled_too(database: Database) -> None:
    asked = [database.ask(query(ENDLESS)) for _ in range(9)]
    tasks = [asyncio.create_task(one) for one in asked]
    await database_is_busy()
    for task in tasks:
        task.cancel()
    done, late = await asyncio.wait(tasks, timeout=20)
    assert (len(done), late) == (9, set())
    assert await database.ask(query("SELECT 1")) == [(1,)]


async def database_is_busy() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_blobs_that_lie_elsewhere_are_searched_in_a_copy(tmp_path: Path) -> None:
    blobs = FarBlobs(tmp_path / "far")
    index = DuckIndex(blobs, tmp_path / "near")
    shown = await show_rows(blobs, [[a_row(slot) for slot in range(8)]], {}, 1)
    name = await write_index(blobs, shown.job, shown.manifest)
    assert name == index_name(shown.job, shown.manifest)
    assert [row.place.slot for row in await first_rows(index, shown, RecordFilter(text="why 3"))] == [3]
    assert (tmp_path / "near" / "copies" / name).is_file()
    await index.close()


async def test_a_shelf_keeps_what_was_asked_for_last(tmp_path: Path) -> None:
    blobs = FarBlobs(tmp_path / "far")
    shelf = Shelf(blobs, tmp_path / "near", most_bytes=25)
    for i, name in enumerate("abc"):
        await blobs.put_new(name, b"x" * 10)
        copy = await shelf.find(name)
        assert copy.read_bytes() == b"x" * 10
        os.utime(copy, (i, i))
    assert copies(tmp_path) == ["b", "c"]
    await blobs.put_new("large", b"x" * 99)
    await shelf.find("large")
    assert copies(tmp_path) == ["large"]
    with pytest.raises(NotFoundError):
        await shelf.find("none")


def copies(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in (folder / "near").iterdir())
