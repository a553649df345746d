"""A job's index: what lists and searches of its records read, made from its segments a shard at a time.

One Parquet file holds the accepted and rejected rows by slot and attempt, without calls and prompts. It can be made
again from the segments at any time.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gristmill.datasets.columns import ACCEPTED, REJECTED, TIME, UNFINISHED, Column, read_table
from gristmill.datasets.jsontext import from_json
from gristmill.datasets.leaves import fingerprints_of, leaves_of, text_of
from gristmill.datasets.segments import read_segment
from gristmill.datasets.statistics import FieldStatistics, RecordSummary, decode_summary, encode_summary
from gristmill.domain.ids import JobId, Slot
from gristmill.domain.json import Json, digest_of
from gristmill.domain.record import DUPLICATE
from gristmill.domain.segment import Segment
from gristmill.ports.blobs import Blobs
from gristmill.ports.store import Manifest

# Another layout is another file.
LAYOUT = 1

# Smaller row groups are slower to search: at 4,096 rows it takes twice the time. A page, which is what is decoded for
# one row, is small instead.
ROW_GROUP_ROWS = 16_384
PAGE_BYTES = 1 << 16

READ_COLUMNS = [
    *("slot", "attempt", "standing", "reason", "detail", "record", "finished_at"),
    "checks.list.element.value",
]
# `text` is what is searched, `fields` a fingerprint of each value: see leaves.
COLUMNS: Mapping[str, pa.DataType] = {
    "slot": pa.int64(),
    "attempt": pa.int32(),
    "standing": pa.string(),
    "reason": pa.string(),
    "detail": pa.string(),
    "score": pa.float64(),
    "record": pa.string(),
    "text": pa.string(),
    "fields": pa.list_(pa.uint32()),
    "finished_at": TIME,
}
SCHEMA = pa.schema(COLUMNS)
STATISTICS = "gristmill.statistics"

Withdrawn = Mapping[tuple[Slot, int], str]


def index_folder(job: JobId) -> str:
    """Where the index of a job lies."""
    return f"jobs/{job}/index/"


def index_name(job: JobId, manifest: Manifest) -> str:
    """The index of exactly this manifest: other segments or marks have another."""
    marks: list[Json] = [[*mark, reason] for mark, reason in sorted(withdrawn_of(manifest).items())]
    return f"{index_folder(job)}{digest_of([LAYOUT, manifest.digest, marks])}.parquet"


def withdrawn_of(manifest: Manifest) -> Withdrawn:
    """The reason of each mark."""
    return {mark: manifest.reasons.get(mark, DUPLICATE) for mark in manifest.withdrawn}


async def write_index(blobs: Blobs, job: JobId, manifest: Manifest) -> str:
    """Make the index of this manifest durably and return its name; holds one shard at a time.

    It may be made by several at once. Raises NotFoundError when a segment is missing or changed; StorageFullError.
    """
    name = index_name(job, manifest)
    with TemporaryDirectory(prefix="gristmill-index-") as folder:
        path = Path(folder, "index.parquet")
        await _write_file(blobs, job, manifest, path)
        await blobs.put_file(name, path)
    return name


async def read_summary(blobs: Blobs, job: JobId, manifest: Manifest) -> RecordSummary | None:
    """What the standing records are like, as it was counted when the index was made; None without an index."""
    name = index_name(job, manifest)
    return await asyncio.to_thread(_read_summary, blobs, name) if await blobs.exists(name) else None


async def read_shard_index(
    blobs: Blobs, job: JobId, segments: Iterable[Segment], withdrawn: Withdrawn, *, is_searched: bool = True
) -> pa.Table:
    """The rows of one shard as they stand in an index; `text` and `fields` are null unless they are searched."""
    contents = [await read_segment(blobs, job, segment) for segment in segments]
    return await asyncio.to_thread(_index_rows, contents, withdrawn, is_searched)


def by_shard(segments: Iterable[Segment]) -> Iterator[Sequence[Segment]]:
    """The segments of each shard in turn, each in the order of commits."""
    for _, ones in groupby(sorted(segments, key=attrgetter("shard")), attrgetter("shard")):
        yield tuple(ones)


async def _write_file(blobs: Blobs, job: JobId, manifest: Manifest, path: Path) -> None:
    withdrawn, statistics = withdrawn_of(manifest), FieldStatistics()
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=["standing", "reason"],  # type: ignore[arg-type] # names are allowed: the stub is too narrow
        write_statistics=["slot", "score", "standing", "reason"],
        write_page_index=True,
        data_page_size=PAGE_BYTES,
        store_schema=False,
    ) as writer:
        waiting = list[pa.Table]()
        for segments in by_shard(manifest.segments):
            waiting.append(await read_shard_index(blobs, job, segments, withdrawn))
            if sum(table.num_rows for table in waiting) >= ROW_GROUP_ROWS:
                await asyncio.to_thread(_write_rows, writer, waiting, statistics)
                waiting = []
        await asyncio.to_thread(_write_rows, writer, waiting, statistics)
        writer.add_key_value_metadata({STATISTICS: encode_summary(statistics.summary()).decode()})


def _read_summary(blobs: Blobs, name: str) -> RecordSummary:
    with blobs.open(name) as file:
        kept = pq.read_metadata(file).metadata or {}
    return decode_summary(kept[STATISTICS.encode()])


def _write_rows(writer: pq.ParquetWriter, tables: Sequence[pa.Table], statistics: FieldStatistics) -> None:
    for table in tables:
        standing = table.filter(pc.equal(table["standing"], pa.scalar(ACCEPTED)))
        for text in standing["record"].cast(pa.binary()).to_pylist():
            statistics.add(from_json(text or b"{}"))
    # Of a job that was stopped early nothing but unfinished rows may have been committed.
    if any(table.num_rows for table in tables):
        table = pa.concat_tables(tables)
        writer.write_table(table, row_group_size=table.num_rows)


def _index_rows(contents: Sequence[bytes], withdrawn: Withdrawn, is_searched: bool) -> pa.Table:  # noqa: FBT001
    table = pa.concat_tables([_ended_rows(content) for content in contents])
    table = table.sort_by([("slot", "ascending"), ("attempt", "ascending")])
    unsearched = dict.fromkeys(("text", "fields"), [None] * table.num_rows)
    return pa.table(
        {
            **_mark_withdrawn(table, withdrawn),
            **{name: table[name] for name in ("slot", "attempt", "detail", "record", "finished_at")},
            "score": _scores(table["checks"].combine_chunks()),
            **(_searched(table["record"]) if is_searched else unsearched),
        },
        schema=SCHEMA,
    )


def _searched(records: Column) -> dict[str, Column]:
    texts = records.cast(pa.binary()).to_pylist()
    leaves = [[] if text is None else leaves_of(from_json(text)) for text in texts]
    return {"text": list(map(text_of, leaves)), "fields": list(map(fingerprints_of, leaves))}


def _ended_rows(content: bytes) -> pa.Table:
    table = read_table(content, READ_COLUMNS)
    return table.filter(pc.not_equal(table["standing"], pa.scalar(UNFINISHED)))


def _mark_withdrawn(table: pa.Table, withdrawn: Withdrawn) -> dict[str, Column]:
    if not withdrawn:
        return {"standing": table["standing"], "reason": table["reason"]}
    standings, reasons = table["standing"].to_pylist(), table["reason"].to_pylist()
    places: list[Any] = list(zip(table["slot"].to_pylist(), table["attempt"].to_pylist(), strict=True))
    for i, place in enumerate(places):
        if place in withdrawn:
            standings[i], reasons[i] = REJECTED, withdrawn[place]
    return {"standing": standings, "reason": reasons}


def _scores(checks: Column) -> Column:
    """The least value of each row's checks: none but a judge's has one."""
    least = np.full(len(checks), np.inf)
    values = checks.flatten().field("value").to_numpy(zero_copy_only=False)
    np.fmin.at(least, checks.value_parent_indices().to_numpy(), values)
    return pa.array(least, mask=np.isinf(least))
