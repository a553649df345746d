"""Every Blobs is the same thing: bytes by name, whole and durable or absent, and never changed."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gristmill.adapters.local import LocalBlobs
from gristmill.errors import BadInputError, NotFoundError, StorageFullError
from gristmill.ports.blobs import Blobs
from support.child import start_python
from support.limits import no_file_beyond


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return LocalBlobs(tmp_path / "blobs")


def files_below(folder: Path) -> Sequence[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def list_names(blobs: Blobs, prefix: str) -> Sequence[str]:
    async def collect() -> Sequence[str]:
        return [name async for name in blobs.list(prefix)]

    return asyncio.run(collect())


def test_what_was_put_is_read_back_whole(blobs: Blobs) -> None:
    asyncio.run(blobs.put_new("a/b/c.parquet", b"bytes"))

    assert asyncio.run(blobs.read("a/b/c.parquet")) == b"bytes"
    assert asyncio.run(blobs.exists("a/b/c.parquet"))
    with blobs.open("a/b/c.parquet") as file:
        file.seek(2)
        assert file.read() == b"tes"


def test_a_path_where_there_is_one_leads_to_the_bytes(blobs: Blobs) -> None:
    asyncio.run(blobs.put_new("a/b", b"bytes"))

    path = blobs.path_of("a/b")
    assert path is None or path.read_bytes() == b"bytes"


def test_a_taken_name_is_a_success_and_keeps_its_bytes(blobs: Blobs) -> None:
    asyncio.run(blobs.put_new("a/b", b"first"))
    asyncio.run(blobs.put_new("a/b", b"second"))

    assert asyncio.run(blobs.read("a/b")) == b"first"


def test_a_file_is_put_like_bytes(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    asyncio.run(blobs.put_file("seeds/x", source))

    assert asyncio.run(blobs.read("seeds/x")) == source.read_bytes()


def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    assert not asyncio.run(blobs.exists("a/b"))
    with pytest.raises(NotFoundError, match="a/b"):
        asyncio.run(blobs.read("a/b"))
    with pytest.raises(NotFoundError):
        blobs.open("a/b")


def test_deleting_twice_is_deleting_once(blobs: Blobs) -> None:
    asyncio.run(blobs.put_new("a/b", b"bytes"))
    asyncio.run(blobs.delete("a/b"))
    asyncio.run(blobs.delete("a/b"))

    assert not asyncio.run(blobs.exists("a/b"))


def test_listing_shows_the_names_below_a_prefix(blobs: Blobs) -> None:
    for name in ("jobs/1/segments/a", "jobs/1/segments/b", "jobs/10/segments/c", "seeds/d"):
        asyncio.run(blobs.put_new(name, b""))

    assert list_names(blobs, "jobs/1/") == ["jobs/1/segments/a", "jobs/1/segments/b"]
    assert list_names(blobs, "jobs/1/segments/b") == ["jobs/1/segments/b"]
    assert list_names(blobs, "none/") == []


def test_many_puts_of_one_name_leave_one_whole_file(blobs: Blobs, tmp_path: Path) -> None:
    contents = [bytes([i]) * 100_000 for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: asyncio.run(blobs.put_new("a/b", content)), contents))

    assert asyncio.run(blobs.read("a/b")) in contents
    assert files_below(tmp_path / "blobs") == ["a/b"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a/", "a\0b"])
def test_no_name_leads_out_of_the_root(blobs: Blobs, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError):
        asyncio.run(blobs.put_new(name, b"bytes"))

    assert files_below(tmp_path) == []


def test_a_full_disk_is_said_and_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    with no_file_beyond(1000), pytest.raises(StorageFullError, match="cannot write"):
        asyncio.run(blobs.put_new("a/b", b"x" * 5000))

    assert files_below(tmp_path) == []
    asyncio.run(blobs.put_new("a/b", b"x" * 5000))
    assert asyncio.run(blobs.exists("a/b"))


def test_a_file_in_the_place_of_a_folder_is_said(blobs: Blobs) -> None:
    asyncio.run(blobs.put_new("a", b"a file"))

    with pytest.raises(BadInputError, match="Choose another folder"):
        asyncio.run(blobs.put_new("a/b", b"bytes"))


def test_what_a_crash_left_half_written_is_listed_beside_its_name_and_is_not_its_bytes(
    blobs: Blobs, tmp_path: Path
) -> None:
    script = """
import os, sys
from pathlib import Path
from gristmill.datasets.files import new_file
with new_file(Path(sys.argv[1]), replace=False) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), 9)
"""
    with start_python(script, str(tmp_path / "blobs/jobs/1/segments/a")) as (process, _):
        assert process.wait() == -9

    (left,) = list_names(blobs, "jobs/1/segments/a")
    assert left.startswith("jobs/1/segments/a.")
    assert left.endswith(".part")
    assert not asyncio.run(blobs.exists("jobs/1/segments/a"))
