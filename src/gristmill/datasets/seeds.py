"""Seed sets: a user's rows stored under the digest of their canonical content, and read by number in flat memory."""

import asyncio
import hashlib
import json
import tempfile
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Self

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gristmill.datasets.files import storage_errors
from gristmill.datasets.seedcheck import Tally, good_rows
from gristmill.datasets.seedfiles import PLAIN_READING, SeedLimits, SeedReading
from gristmill.domain.ids import Digest
from gristmill.domain.json import JsonObject
from gristmill.errors import InvalidSeedsError, TooLargeError
from gristmill.ports.blobs import Blobs

GROUP_ROWS = 1000
GROUP_CHARACTERS = 16 << 20
FEWEST_GROUPS = 2
# Characters of JSON that a reader keeps: of rows that slots go through in turn, and of rows that are drawn, of which
# any may be next.
KEPT_IN_TURN, KEPT_DRAWN = 4 << 20, 64 << 20

BIG_INTEGER = "[0-9]{19}"

SCHEMA = pa.schema([("row", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeeds:
    """A stored seed set: `digest` equals `digest_of` the list of its rows, whatever format they came in."""

    digest: Digest
    rows: int


def seeds_name(digest: Digest) -> str:
    """Where a seed set lies."""
    return f"seeds/{digest}.parquet"


def _pass_by(_row: JsonObject) -> None:
    """Look at nothing."""


async def store_seeds(
    path: Path, blobs: Blobs, reading: SeedReading = PLAIN_READING, *, look: Callable[[JsonObject], None] = _pass_by
) -> StoredSeeds:
    """Read a seed file, or a folder of texts, to its end and store its rows; in flat memory, however many there are.

    `look` is shown each row as it goes by, in a thread. Raises InvalidSeedsError, whose findings name the first 20 bad
    rows; TooLargeError beyond the limits of `reading`, with nothing stored; and StorageFullError.
    """
    with tempfile.TemporaryDirectory(prefix="gristmill-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "seeds.parquet"
        stored = await asyncio.to_thread(_convert, path, reading, copy, look)
        await blobs.put_file(seeds_name(stored.digest), copy)
    return stored


def _convert(path: Path, reading: SeedReading, copy: Path, look: Callable[[JsonObject], None]) -> StoredSeeds:
    tally, rows, characters = Tally(), 0, 0
    digest = hashlib.sha256(b"[")
    with storage_errors(copy), _GroupWriter(copy) as groups:
        for _, row, text in good_rows(path, reading, tally):
            characters += len(text)
            _refuse_large(characters, reading.limits)
            look(row)
            digest.update(b"," * bool(rows) + text.encode())
            rows += 1
            groups.write(text)
    digest.update(b"]")
    if tally.bad:
        raise InvalidSeedsError(f"{path}: {tally.words}", tally.listed)
    return StoredSeeds(digest=Digest(digest.hexdigest()), rows=rows)


def _refuse_large(characters: int, limits: SeedLimits | None) -> None:
    # The name of a column stands once in a table, and in every row here.
    if limits is not None and characters > limits.bytes:
        raise TooLargeError(f"The rows are more than {limits.bytes:,} characters of JSON.")


class _GroupWriter:
    """Writes texts as row groups of at most 1,000 rows and about 16 MiB."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=False, write_statistics=False)
        self._texts: list[str] = []
        self._characters = 0

    def write(self, text: str) -> None:
        """Add a row."""
        self._texts.append(text)
        self._characters += len(text)
        if len(self._texts) == GROUP_ROWS or self._characters >= GROUP_CHARACTERS:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._texts:
            # pa.array would import pandas, where it is installed, to see whether a list is none of its own.
            column = pa.lib.StringBuilder()
            column.append_values(self._texts)
            self._writer.write_table(pa.table([column.finish()], schema=SCHEMA))
            self._texts = []
            self._characters = 0


@contextmanager
def open_seeds(sets: Mapping[str, Digest], blobs: Blobs) -> Iterator[Mapping[str, "SeedsReader"]]:
    """A reader over each stored seed set, by the set's name, for as long as the context.

    Slots go through the one named `""` in turn; from the others rows are drawn.
    """
    with ExitStack() as files:
        yield {
            name: SeedsReader(
                files.enter_context(blobs.open(seeds_name(digest))), kept=KEPT_DRAWN if name else KEPT_IN_TURN
            )
            for name, digest in sets.items()
        }


class SeedsReader:
    """The rows of a stored seed set by number, from 0; keeps what it last read."""

    def __init__(self, file: BinaryIO, *, kept: int = KEPT_IN_TURN) -> None:
        """Read from a file that `store_seeds` put, and keep so many characters. The caller closes it."""
        self._file = pq.ParquetFile(file)
        counts = (self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups))
        self._ends = list(accumulate(counts))
        self._kept: OrderedDict[int, _Group] = OrderedDict()
        self._characters = 0
        self._most_characters = kept

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._ends[-1] if self._ends else 0

    def row(self, index: int) -> JsonObject:
        """One row. Raises IndexError."""
        if not 0 <= index < self.rows:
            raise IndexError(f"row {index} of {self.rows}")
        group = bisect_right(self._ends, index)
        from_end = index - self._ends[group]
        return self._group(group).row(from_end)

    def __iter__(self) -> Iterator[JsonObject]:
        """All rows in order."""
        for group in range(len(self._ends)):
            rows = self._read(group)
            yield from map(rows.row, range(len(rows.texts)))

    def _group(self, group: int) -> "_Group":
        if group not in self._kept:
            self._keep(group, self._read(group))
        self._kept.move_to_end(group)
        return self._kept[group]

    def _keep(self, group: int, rows: "_Group") -> None:
        self._kept[group] = rows
        self._characters += rows.characters
        # At the end of one group slots begin the next while others are still at this one.
        while self._characters > self._most_characters and len(self._kept) > FEWEST_GROUPS:
            _, oldest = self._kept.popitem(last=False)
            self._characters -= oldest.characters

    def _read(self, group: int) -> "_Group":
        column = self._file.read_row_group(group, use_threads=False)["row"]
        # orjson makes floats of integers beyond 64 bits, and takes a fifth of the time.
        may_be_big = pc.any(pc.match_substring_regex(column, BIG_INTEGER)).as_py()
        return _Group([str(text) for text in column.to_pylist()], json.loads if may_be_big else orjson.loads)


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows as their texts, and what reads these texts exactly."""

    texts: Sequence[str]
    parse: Callable[[str], JsonObject]

    @property
    def characters(self) -> int:
        """How long the texts are together."""
        return sum(map(len, self.texts))

    def row(self, index: int) -> JsonObject:
        """One row."""
        return self.parse(self.texts[index])
