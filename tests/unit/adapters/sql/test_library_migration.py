"""Templates and jobs of a store from before there were owners belong to `local`, with all they meant."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, insert

from gristmill.adapters.sql import SqlStore, open_store
from gristmill.adapters.sql.migrate import alembic_config
from gristmill.domain.ids import LOCAL, Digest
from gristmill.domain.seeds import SeedSet
from gristmill.domain.template import TemplateRef
from gristmill.errors import InUseError
from gristmill.library.completing import complete_version

NOW = datetime(2026, 3, 1, tzinfo=UTC)
USER = "name: user\nsteps:\n  - {id: q, prompt: \"{% include 'style' %}\"}\n"
JOB = {
    "id": "job-1",
    "kind": "dataset",
    "status": "completed",
    "detail": "",
    "records": 1,
    "siftings": 0,
    "created_at": 1,
    "order": orjson.dumps({"name": "questions", "seeds": {"": "d1", "names": "d1"}}).decode(),
}
TEMPLATES = [
    {"name": "style", "version": 1, "source": "name: style\nfragment: One.\n", "pins": "{}", "created_at": 1},
    {"name": "style", "version": 2, "source": "name: style\nfragment: Two.\n", "pins": "{}", "created_at": 2},
    {"name": "user", "version": 1, "source": USER, "pins": '{"style": 1}', "created_at": 3},
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        tables = MetaData()
        tables.reflect(connection)
        connection.execute(insert(tables.tables["jobs"]), JOB)
        connection.execute(insert(tables.tables["templates"]), TEMPLATES)
    engine.dispose()
    return url


def test_what_was_kept_means_what_it_did(url: str) -> None:
    async def check(store: SqlStore) -> None:
        user, style = [await store.find_template(LOCAL, name) for name in ("user", "style")]
        version = await store.read_version(LOCAL, user.id)
        assert version.pins == {"style": TemplateRef(template=style.id, version=1)}
        assert "One." in await complete_version(version, LOCAL, store)
        line = SeedSet(owner=LOCAL, digest=Digest("d1"), name="a.csv", rows=1, bytes=1, columns=(), created_at=NOW)
        await store.add_seeds(line)
        with pytest.raises(InUseError, match="1 job draws"):
            await store.delete_seeds(LOCAL, Digest("d1"))
        await store.close()

    asyncio.run(check(open_store(url)))
