"""A store opens what it can, migrates what is old, and refuses the rest in a sentence."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url

from gristmill.adapters.sql import open_store, sqlite
from gristmill.adapters.sql.migrate import alembic_config, migrate
from gristmill.adapters.sql.schema import REVISIONS
from gristmill.adapters.sql.tables import metadata
from gristmill.errors import BadInputError, GristmillError, StorageFullError, StoreBusyError

OPEN = (
    "import asyncio, sys; from gristmill.adapters.sql import open_store; asyncio.run(open_store(sys.argv[1]).close())"
)


def make(path: Path) -> None:
    asyncio.run(open_store(f"sqlite:///{path}").close())


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_a_new_store_is_made_with_its_folders_and_its_version(tmp_path: Path) -> None:
    make(tmp_path / "a" / "b" / "store.db")
    assert query(tmp_path / "a" / "b" / "store.db", "SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]


def test_migrations_lead_to_the_tables_the_store_uses(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        migrate(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        known = ScriptDirectory.from_config(alembic_config(connection)).walk_revisions()
    engine.dispose()
    assert tuple(script.revision for script in reversed(list(known))) == REVISIONS


def test_a_store_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make(path)
    query(path, "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(BadInputError, match=r"A newer Gristmill wrote this store \(schema 9999"):
        make(path)
    assert path.read_bytes() == before


def test_a_store_that_was_never_finished_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()
    make(tmp_path / "store.db")
    assert query(tmp_path / "store.db", "SELECT * FROM jobs") == []


def test_opening_a_current_store_does_not_load_alembic(tmp_path: Path) -> None:
    make(tmp_path / "store.db")
    code = f"{OPEN}; sys.exit('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, f"sqlite:///{tmp_path / 'store.db'}"], check=False, timeout=60)
    assert done.returncode == 0


def test_making_a_new_store_does_not_load_alembic(tmp_path: Path) -> None:
    code = f"{OPEN}; sys.exit('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, f"sqlite:///{tmp_path / 'store.db'}"], check=False, timeout=60)
    assert done.returncode == 0


def test_a_store_that_is_new_is_what_the_migrations_make(tmp_path: Path) -> None:
    make(tmp_path / "new.db")
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    tables = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    new, migrated = tmp_path / "new.db", tmp_path / "migrated.db"
    assert query(new, tables) == query(migrated, tables)
    for (table,) in query(new, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"):
        # A migration adds columns at the end; their order means nothing.
        columns = f"SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{table}') ORDER BY name"
        assert query(new, columns) == query(migrated, columns)
    assert query(new, "SELECT * FROM alembic_version") == query(migrated, "SELECT * FROM alembic_version")


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    query(tmp_path / "store.db", "CREATE TABLE recipes (cake TEXT)")
    before = (tmp_path / "store.db").read_bytes()
    with pytest.raises(BadInputError, match="another program"):
        make(tmp_path / "store.db")
    assert (tmp_path / "store.db").read_bytes() == before


def test_two_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path / 'store.db'}"]
    children = [subprocess.Popen(command) for _ in range(2)]
    assert [child.wait(timeout=60) for child in children] == [0, 0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "names no store"),
        ("mysql://host/db", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        open_store(url)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("dear diary, " * 1_000)
    with pytest.raises(BadInputError, match="no store of Gristmill"):
        make(tmp_path / "store.db")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFullError, match="cannot be made"):
        make(tmp_path / "file" / "store.db")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageFullError):
        make(tmp_path)


@pytest.mark.parametrize(("version", "mode"), [((3, 40, 1), "truncate"), ((3, 51, 3), "wal")])
def test_the_journal_is_a_wal_only_where_that_is_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], mode: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    engine = sqlite.open_sqlite(make_url(f"sqlite:///{tmp_path / 'store.db'}")).engine
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    engine.dispose()
    assert pragmas == [mode, 2, 5_000]


def locked(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")


def full(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t AS SELECT zeroblob(100000)")


def read_only(path: Path) -> None:
    path.touch()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.execute("CREATE TABLE t (x)")


def missing(path: Path) -> None:
    sqlite3.connect(path / "nowhere" / "x.db")


@pytest.mark.parametrize(
    ("accident", "meaning"),
    [(locked, StoreBusyError), (full, StorageFullError), (read_only, StorageFullError), (missing, StorageFullError)],
)
def test_errors_of_sqlite_are_told_in_our_words(
    tmp_path: Path, accident: Callable[[Path], None], meaning: type[GristmillError]
) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        accident(tmp_path / "x.db")
    assert type(sqlite.translate(caught.value)) is meaning


@pytest.mark.parametrize("error", [ValueError("ours"), sqlite3.ProgrammingError("a bug")])
def test_errors_that_no_caller_can_act_on_stay_what_they_are(error: Exception) -> None:
    assert sqlite.translate(error) is None
