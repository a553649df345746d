"""Seed files of people who are not trusted: kept within limits, shown, checked, and tidied away."""

import asyncio
import random
import resource
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gristmill.adapters.local import LocalBlobs
from gristmill.adapters.sql import SqlStore, open_store
from gristmill.datasets import SeedLimits, seeds_name, store_seeds
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.seeds import SeedColumn, SeedSet
from gristmill.errors import (
    BadInputError,
    GristmillError,
    InvalidSeedsError,
    NotFoundError,
    TooLargeError,
    WrongStateError,
)
from gristmill.library import seeds
from gristmill.library.labels import label_of
from gristmill.library.seeds import SeedFile, check_set, keep_file, read_rows, tidy_seeds
from gristmill.library.uploads import GRACE, LIFETIME, complete_upload, start_upload, tidy_uploads
from gristmill.recipes import compile_template
from support.stores import NOON

T = TypeVar("T")
ANN, BOB = UserId("ann"), UserId("bob")
SMALL = SeedLimits(file_bytes=1 << 20, bytes=1 << 20, rows=1_000)
ZEROS = b"0" * (1 << 20)
TEMPLATE = "name: t\nsteps: [{id: q, prompt: '{{ product }}'}]\n"


class DirectFolder(LocalBlobs):
    """A folder that gives addresses away, as a bucket does."""

    def presign_put(self, name: str, *, seconds: int, most_bytes: int) -> str:
        return f"https://bucket.example/{name}?seconds={seconds}&most={most_bytes}"


@dataclass(frozen=True, slots=True)
class Room:
    """A store and blobs in a folder, and a body as a server received it."""

    folder: Path
    store: SqlStore
    blobs: DirectFolder

    def keep(self, content: bytes, name: str, owner: UserId = ANN, limits: SeedLimits = SMALL) -> SeedSet:
        path = self.folder / "body"
        path.write_bytes(content)
        return do(keep_file(SeedFile(path=path, name=name), owner, self.store, self.blobs, now=NOON, limits=limits))

    @property
    def kept(self) -> set[str]:
        return {file.name for file in self.folder.glob("blobs/seeds/*")}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", now=lambda: NOON)
    yield Room(tmp_path, store, DirectFolder(tmp_path / "blobs"))
    do(store.close())


def do(verb: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(verb)


def test_a_file_is_kept_with_what_there_is_to_show_of_it(room: Room) -> None:
    kept = room.keep(b'{"a": 1, "b": null}\n{"a": "x", "b": {"c": [1.5]}}\n', "rows.jsonl")
    assert (kept.name, kept.rows, kept.bytes) == ("rows.jsonl", 2, 50)
    assert kept.columns == (
        SeedColumn(name="a", types=("integer", "string"), present=2, sample="1"),
        SeedColumn(name="b", types=("null", "object"), present=2, sample='{"c": [1.5]}'),
    )
    assert room.kept == {f"{kept.digest}.parquet"}


def test_columns_without_end_and_long_values_are_shown_cut(room: Room) -> None:
    rows = [f'{{"{"n" * 300}{n}": "{"v" * 300}"}}\n' for n in range(300)]
    columns = room.keep("".join(rows).encode(), "a.jsonl").columns
    assert len(columns) == 256
    assert (len(columns[0].name), len(columns[0].sample)) == (200, 200)


def test_the_same_rows_again_are_the_line_there_is(room: Room) -> None:
    first = room.keep(b"a\n1\n", "a.csv")
    assert room.keep(b'[{"a": "1"}]', "b.json") == first
    assert room.keep(b"a\n1\n", "b.csv", owner=BOB).name == "b.csv"
    assert len(room.kept) == 1


@cache
def bomb_of(kind: Literal["gzip", "zstd"]) -> bytes:
    """128 MiB in 600 KB or less, made in pieces so that making it takes no memory."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, kind) as stream:
        stream.write(b'[{"a": "')
        for _ in range(128):
            stream.write(ZEROS)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv.gz", "a.json", "a.md"])
def test_a_decompression_bomb_is_refused_before_it_fills_anything(
    room: Room, kind: Literal["gzip", "zstd"], name: str
) -> None:
    content = bomb_of(kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLargeError, match="decompressed"):
        room.keep(content, name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    assert room.kept == set()
    assert do(room.store.list_seeds(ANN)).items == []


def test_a_parquet_bomb_is_refused_by_what_it_says(room: Room) -> None:
    pq.write_table(pa.table({"a": ["0" * (2 << 20)]}), room.folder / "large", compression="zstd")
    pq.write_table(pa.table({"a": ["0"] * 100_000}), room.folder / "long")
    for name in ("large", "long"):
        with pytest.raises(TooLargeError):
            room.keep((room.folder / name).read_bytes(), "a.parquet")


def test_a_parquet_file_that_says_one_long_text_a_thousand_times_fills_nothing(room: Room) -> None:
    said = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), pa.array(["0" * (4 << 20)]))
    pq.write_table(pa.table({"a": said}), room.folder / "a", compression="zstd", dictionary_pagesize_limit=1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLargeError):
        room.keep((room.folder / "a").read_bytes(), "a.parquet", limits=replace(SMALL, bytes=16 << 20))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


def test_texts_of_parquet_are_the_same_however_they_are_read(room: Room) -> None:
    table = pa.table({"a": ["é", None, "é", "x"], "b": [["y"], [], None, ["z"]]})
    pq.write_table(table, room.folder / "a")
    kept = room.keep((room.folder / "a").read_bytes(), "a.parquet")
    assert kept.digest == do(store_seeds((room.folder / "a").rename(room.folder / "a.parquet"), room.blobs)).digest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\n" + b"1\n" * 1_001, "1,000 rows"),
        (b"a,b\n" + b"1\n" * 1_001, "1,000 rows"),
        (b"x" * 2**20 + b"y", "at most 1,048,576 are taken"),
        ((b"n" * 5_000 + b"\n") + b"1\n" * 500, "characters of JSON"),
    ],
)
def test_more_than_is_taken_is_refused_however_it_is_made(room: Room, content: bytes, words: str) -> None:
    with pytest.raises(TooLargeError, match=words):
        room.keep(content, "a.csv")
    assert room.kept == set()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.csv", "boot.csv"),
        ("/etc/cron.d/a.csv", "a.csv"),
        ("a\0.csv", "a.csv"),
        ("", "seeds"),
        ("..", "seeds"),
        ("a/", "seeds"),
        (".csv", "csv"),
        ("\u202egpj.csv\n", "gpj.csv"),
        ("cafe\u0301 😀.csv", "café 😀.csv"),
        ("\ud800.csv", ".csv"[1:]),
        ("x" * 5_000 + ".jsonl.gz", "x" * 99 + "…" + "x" * 11 + ".jsonl.gz"),
    ],
)
def test_a_name_is_only_a_label(name: str, label: str) -> None:
    assert label_of(name) == label


@pytest.mark.parametrize(
    "name", ["../../a.jsonl", "/etc/a.jsonl", "..\\a.jsonl", "a\0/../b.jsonl", "é" * 999 + ".jsonl"]
)
def test_nothing_lies_anywhere_because_of_a_name(room: Room, name: str) -> None:
    kept = room.keep(b'{"a": 1}\n', name)
    files = {path.relative_to(room.folder).as_posix() for path in room.folder.rglob("*") if path.is_file()}
    assert {file for file in files if not file.startswith("store.db")} == {
        "body",
        f"blobs/seeds/{kept.digest}.parquet",
    }


def test_a_bad_row_is_named_without_where_the_file_lies(room: Room) -> None:
    with pytest.raises(InvalidSeedsError, match=r"^bad\.jsonl: 1 of 2 rows") as caught:
        room.keep(b'{"a": 1}\n{"a": \n', "bad.jsonl")
    assert caught.value.findings[0].message.startswith("row 2 is not JSON")
    with pytest.raises(InvalidSeedsError, match="the name of a seed file ends in"):
        room.keep(b"x", "seeds.exe")


def test_rows_are_read_in_pages_by_number(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = room.keep(b"a\n" + b"".join(b"%d\n" % n for n in range(7)), "a.csv")

    def page(first: int, limit: int) -> tuple[list[object], int | None]:
        found = do(read_rows(kept.digest, ANN, room.store, room.blobs, first=first, limit=limit))
        return [row["a"] for row in found.items], found.next

    assert page(0, 3) == (["0", "1", "2"], 3)
    assert page(5, 3) == (["5", "6"], None)
    assert page(9, 3) == page(2**70, 3) == ([], None)
    assert page(-5, 1) == (["0"], 1)
    monkeypatch.setattr(seeds, "PAGE_CHARACTERS", 5)
    assert page(0, 3) == (["0"], 1)
    with pytest.raises(NotFoundError):
        do(read_rows(kept.digest, BOB, room.store, room.blobs))


def test_a_set_is_checked_as_lint_checks_a_file(room: Room) -> None:
    kept = room.keep(b'[{"product": 1, "size": 2}, {"produkt": 1}]', "a.json")
    found = do(check_set(kept.digest, compile_template(TEMPLATE), ANN, room.store, room.blobs))
    assert [(one.code, one.severity) for one in found] == [("unused_column", "warning"), ("missing_field", "error")]
    assert found[1].suggestion == "Did you mean 'produkt'?"
    with pytest.raises(InvalidSeedsError, match="draws from the seeds 'names'"):
        do(check_set(kept.digest, compile_template(TEMPLATE), ANN, room.store, room.blobs, name="names"))


def test_tidying_takes_what_nobody_needs_and_nothing_else(room: Room) -> None:
    mine, gone = room.keep(b"a\n1\n", "a.csv"), room.keep(b"a\n2\n", "a.csv")
    do(room.store.delete_seeds(ANN, gone.digest))
    assert do(tidy_seeds(room.store, room.blobs)) == 1
    assert room.kept == {f"{mine.digest}.parquet"}
    assert do(room.store.list_condemned_seeds()) == []


def test_tidying_ends_what_a_dead_one_began(room: Room) -> None:
    gone = room.keep(b"a\n2\n", "a.csv")
    do(room.store.delete_seeds(ANN, gone.digest))
    do(room.store.condemn_seeds(gone.digest))
    do(room.blobs.delete(seeds_name(gone.digest)))
    assert do(tidy_seeds(room.store, room.blobs)) == 1
    assert room.keep(b"a\n2\n", "a.csv").digest == gone.digest


class Tidied(SqlStore):
    """A store whose tidying comes just before every line."""

    blobs: DirectFolder

    async def add_seeds(self, seeds: SeedSet) -> SeedSet:
        await tidy_seeds(self, self.blobs)
        return await SqlStore.add_seeds(self, seeds)


def test_rows_that_are_tidied_away_while_they_are_kept_are_there_again(room: Room) -> None:
    room.store.__class__ = Tidied
    room.store.blobs = room.blobs  # type: ignore[attr-defined]
    kept = room.keep(b"a\n1\n", "a.csv")
    assert room.kept == {f"{kept.digest}.parquet"}


def test_blobs_that_cannot_be_written_to_directly_say_so(room: Room) -> None:
    blobs = LocalBlobs(room.folder)
    with pytest.raises(BadInputError, match="send the file itself"):
        do(start_upload("a.csv", ANN, room.store, blobs, now=NOON, chance=random.Random(1)))


def begin(room: Room, name: str = "../a.csv") -> Any:
    return do(start_upload(name, ANN, room.store, room.blobs, now=NOON, chance=random.Random(1), limits=SMALL))


def complete(room: Room, started: Any, owner: UserId = ANN) -> SeedSet:
    return do(complete_upload(started.upload.id, owner, room.store, room.blobs, now=NOON, limits=SMALL))


def test_a_direct_upload_becomes_a_set_once_it_is_there(room: Room) -> None:
    started = begin(room)
    assert started.url == f"https://bucket.example/uploads/{started.upload.id}?seconds=3600&most=1048576"
    with pytest.raises(WrongStateError, match="not arrived"):
        complete(room, started)
    do(room.blobs.put_new(started.upload.blob, b"a\n1\n"))
    with pytest.raises(NotFoundError):
        complete(room, started, BOB)
    kept = complete(room, started)
    assert (kept.name, kept.rows) == ("a.csv", 1)
    assert not do(room.blobs.exists(started.upload.blob))
    with pytest.raises(NotFoundError):
        complete(room, started)


def test_a_direct_upload_that_is_too_large_is_refused_while_it_is_read(room: Room) -> None:
    started = begin(room)
    do(room.blobs.put_new(started.upload.blob, b"a" * (SMALL.file_bytes + 1)))
    with pytest.raises(TooLargeError):
        complete(room, started)


def test_uploads_that_nobody_completes_are_tidied_away(room: Room) -> None:
    started = begin(room)
    do(room.blobs.put_new(started.upload.blob, b"a\n1\n"))
    assert do(tidy_uploads(room.store, room.blobs, now=NOON + LIFETIME)) == 0
    assert do(tidy_uploads(room.store, room.blobs, now=NOON + LIFETIME + 2 * GRACE)) == 1
    assert not do(room.blobs.exists(started.upload.blob))


def test_a_digest_is_no_path(room: Room) -> None:
    for digest in ("../../store.db", "a/b", "\0", ""):
        with pytest.raises(GristmillError):
            do(read_rows(Digest(digest), ANN, room.store, room.blobs))
