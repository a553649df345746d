"""A folder that `datasets.load_dataset` opens: Parquet shards for each split, and a card that tells how it was made."""

import asyncio
import hashlib
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow.parquet as pq

from gristmill.datasets.exports import BATCH_ROWS, Exported, file_digest, record_of
from gristmill.datasets.files import PART, make_folder, new_file, storage_errors, sync_folder
from gristmill.datasets.formats.parquet import Columns
from gristmill.datasets.formats.splits import Splits
from gristmill.datasets.formats.statistics import Statistics
from gristmill.datasets.lineage import LINEAGE
from gristmill.domain.ids import Digest
from gristmill.domain.json import JsonObject
from gristmill.domain.record import Row
from gristmill.errors import BadInputError

CARD = "README.md"
DATA = "data"

# What a shard takes as JSON: well below the size at which the Hub asks for more shards.
SHARD_BYTES = 256 << 20

_SHARD = re.compile(r"[a-z0-9_]+-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """What a card says of the records: how many each split has, and what their fields are like."""

    splits: Mapping[str, int]
    statistics: Statistics


async def export_folder(
    rows: AsyncIterator[Row],
    folder: Path,
    *,
    fields: Sequence[str],
    splits: Splits,
    card: Callable[[FolderFacts], str],
    lineage: bool = False,
) -> Exported:
    """Write the rows' records as `folder/data/SPLIT-00000-of-0000N.parquet` in flat memory, and the card.

    An earlier export there is replaced once the new shards are whole; other files stay. `sha256` is of the lines
    `sha256sum` prints for the folder's files. Raises StorageFullError, and BadInputError when `data` is not ours.
    """
    names = (*fields, LINEAGE) if lineage else tuple(fields)
    data = folder / DATA
    with storage_errors(folder):
        make_folder(folder)
        refuse_foreign(data)
        with _new_data(data) as part, ExitStack() as stack:
            writer = _SplitWriter(names, {name: _waiting(stack, part) for name in splits.shares})
            batch: list[tuple[str, JsonObject]] = []
            async for row in rows:
                batch.append((splits.of(row.slot), record_of(row, lineage=lineage)))
                if len(batch) == BATCH_ROWS:
                    await asyncio.to_thread(writer.write, batch)
                    batch = []
            await asyncio.to_thread(writer.write, batch)
            await asyncio.to_thread(writer.finish, part)
    with new_file(folder / CARD, replace=True) as file:
        file.write(card(FolderFacts(splits=writer.counts, statistics=writer.statistics)).encode())
    digest = await asyncio.to_thread(_folder_digest, folder)
    return Exported(path=folder, records=sum(writer.counts.values()), sha256=digest)


def refuse_foreign(data: Path) -> None:
    """Raise BadInputError when replacing the folder would delete what no export wrote."""
    foreign = (
        next((path for path in data.iterdir() if not _SHARD.fullmatch(path.name)), None) if data.is_dir() else None
    )
    if foreign is not None:
        raise BadInputError(f"{foreign} was not written by an export. Choose another folder with --out.")


class _SplitWriter:
    """Keeps each split's records in a file of their own until the types of all columns are known."""

    def __init__(self, fields: Sequence[str], waiting: Mapping[str, IO[bytes]]) -> None:
        self._columns = Columns(fields)
        self._waiting = waiting
        self.counts = dict.fromkeys(waiting, 0)
        self.statistics = Statistics.of([name for name in fields if name != LINEAGE])

    def write(self, batch: Sequence[tuple[str, JsonObject]]) -> None:
        """Add some records to their splits."""
        for split, record in batch:
            self._waiting[split].write(self._columns.line_of(record))
            self.counts[split] += 1
            self.statistics.add(record)

    def finish(self, folder: Path) -> None:
        """Write the shards of every split that has records; without any, the first one's columns."""
        # `datasets` opens no folder that names a split without rows.
        filled = {split: count for split, count in self.counts.items() if count}
        self.counts = filled or dict.fromkeys(list(self.counts)[:1], 0)
        for split in self.counts:
            waiting = self._waiting[split]
            waiting.seek(0)
            shards = self._write_shards(waiting, folder / split)
            for number, path in enumerate(shards):
                path.rename(folder / f"{split}-{number:05}-of-{len(shards):05}.parquet")

    def _write_shards(self, waiting: IO[bytes], stem: Path) -> list[Path]:
        shards: list[Path] = []
        tables = self._columns.tables(waiting)
        while not shards or _is_more(waiting):
            shards.append(stem.with_name(f"{stem.name}.{len(shards)}"))
            end = waiting.tell() + SHARD_BYTES
            with pq.ParquetWriter(shards[-1], self._columns.schema, compression="zstd") as writer:
                for table in tables:
                    writer.write_table(table)
                    if waiting.tell() >= end:
                        break
        return shards


def _is_more(waiting: IO[bytes]) -> bool:
    at = waiting.tell()
    more = bool(waiting.read(1))
    waiting.seek(at)
    return more


def _waiting(stack: ExitStack, folder: Path) -> IO[bytes]:
    return stack.enter_context(tempfile.TemporaryFile(dir=folder))


@contextmanager
def _new_data(data: Path) -> Iterator[Path]:
    """A folder to fill that then takes the place of `data`; an error leaves the old one as it was."""
    part = data.with_name(f"{data.name}.{secrets.token_hex(4)}{PART}")
    old = part.with_name(f"{part.name}.old")
    part.mkdir()
    try:
        yield part
        sync_folder(part)
        if data.exists():
            data.rename(old)
        part.rename(data)
        sync_folder(data.parent)
    finally:
        for leftover in (part, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _folder_digest(folder: Path) -> Digest:
    files = sorted([folder / CARD, *(folder / DATA).iterdir()])
    lines = [f"{file_digest(path)}  {path.relative_to(folder)}\n" for path in files]
    return Digest(hashlib.sha256("".join(lines).encode()).hexdigest())
