"""Seed sets: a user's rows stored under the digest of their canonical content, and read by number in flat memory."""

import asyncio
import hashlib
import json
import math
import tempfile
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Protocol, Self

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gristmill.datasets.files import storage_errors
from gristmill.datasets.seedfiles import bad_row, read_seed_rows
from gristmill.domain.ids import Digest
from gristmill.domain.json import JsonObject, canonical
from gristmill.errors import Finding, InvalidSeedsError
from gristmill.ports.blobs import Blobs

GROUP_ROWS = 1000
GROUP_CHARACTERS = 16 << 20
KEPT_GROUPS = 8
LISTED = 20

BIG_INTEGER = "[0-9]{19}"

SCHEMA = pa.schema([("row", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeeds:
    """A stored seed set: `digest` equals `digest_of` the list of its rows, whatever format they came in."""

    digest: Digest
    rows: int


class NeededField(Protocol):
    """A field the prompts need of every row, and where in the template they first need it."""

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it, from the row down."""
        ...

    @property
    def line(self) -> int:
        """Its line in the template, from 1."""
        ...

    @property
    def column(self) -> int:
        """Its column in the template, from 1."""
        ...


def seeds_name(digest: Digest) -> str:
    """Where a seed set lies."""
    return f"seeds/{digest}.parquet"


async def store_seeds(path: Path, blobs: Blobs) -> StoredSeeds:
    """Read a seed file to its end and store its rows; in flat memory, however many there are.

    Raises InvalidSeedsError, whose findings name the first 20 bad rows, and StorageFullError.
    """
    with tempfile.TemporaryDirectory(prefix="gristmill-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "seeds.parquet"
        stored = await asyncio.to_thread(_convert, path, copy)
        await blobs.put_file(seeds_name(stored.digest), copy)
    return stored


def _convert(path: Path, copy: Path) -> StoredSeeds:
    bad: list[Finding] = []
    bad_rows = rows = 0
    digest = hashlib.sha256(b"[")
    with storage_errors(copy), _GroupWriter(copy) as groups:
        for number, row in enumerate(read_seed_rows(path), 1):
            text = row if isinstance(row, Finding) else _text_of(row, number)
            if isinstance(text, Finding):
                bad_rows += 1
                if len(bad) < LISTED:
                    bad.append(text)
                continue
            digest.update(b"," * bool(rows) + text.encode())
            rows += 1
            groups.write(text)
    digest.update(b"]")
    if bad:
        raise InvalidSeedsError(f"{path}: {bad_rows} of {bad_rows + rows} rows cannot be used.", bad)
    if not rows:
        raise InvalidSeedsError(f"{path} has no rows.")
    return StoredSeeds(digest=Digest(digest.hexdigest()), rows=rows)


def _text_of(row: JsonObject, number: int) -> str | Finding:
    try:
        text = canonical(row)
        text.encode()
    except UnicodeEncodeError:
        return bad_row(number, "has text with half a character (a lone surrogate)")
    except RecursionError:
        return bad_row(number, "is nested too deep")
    # Only a row that may hold one is looked through, to name the place.
    if "NaN" in text or "Infinity" in text:
        place = next(_places_of_nan(row), None)
        if place is not None:
            return bad_row(number, "has a number that JSON does not know (NaN or Infinity)", path=place)
    return text


def _places_of_nan(value: object, path: str = "") -> Iterator[str]:
    match value:
        case float() if not math.isfinite(value):
            yield path
        case Mapping():
            for name, inner in value.items():
                yield from _places_of_nan(inner, f"{path}.{name}" if path else name)
        case list():
            for i, inner in enumerate(value):
                yield from _places_of_nan(inner, f"{path}[{i}]")
        case _:
            pass


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


class SeedsReader:
    """The rows of a stored seed set by number, from 0; keeps the row groups it last read."""

    def __init__(self, file: BinaryIO) -> None:
        """Read from a file that `store_seeds` put. The caller closes it."""
        self._file = pq.ParquetFile(file)
        counts = (self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups))
        self._ends = list(accumulate(counts))
        self._kept: OrderedDict[int, _Group] = OrderedDict()

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
            self._kept[group] = self._read(group)
            if len(self._kept) > KEPT_GROUPS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(group)
        return self._kept[group]

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

    def row(self, index: int) -> JsonObject:
        """One row."""
        return self.parse(self.texts[index])


def check_seeds(reader: SeedsReader, fields: Sequence[NeededField], limit: int = LISTED) -> tuple[Finding, ...]:
    """What rows lack of the fields the prompts need: the first `limit` in full, and how many there are beyond them.

    A field whose value is null is there; a path through anything but an object is not.
    """
    findings: list[Finding] = []
    lacking = 0
    for number, row in enumerate(reader if fields else (), 1):
        for field in fields:
            finding = _lack(row, number, field)
            if finding is not None:
                lacking += 1
                if len(findings) < limit:
                    findings.append(finding)
    if lacking > limit:
        findings.append(
            Finding(code="missing_field", message=f"{lacking} fields are missing in all; {limit} are listed")
        )
    return tuple(findings)


def _lack(row: JsonObject, number: int, field: NeededField) -> Finding | None:
    value: object = row
    for name in field.path:
        if not isinstance(value, Mapping) or name not in value:
            near = get_close_matches(name, value, 1) if isinstance(value, Mapping) else []
            return Finding(
                code="missing_field",
                message=f"seed row {number} has no {'.'.join(field.path)!r}.",
                suggestion=f"Did you mean {near[0]!r}?" if near else "",
                line=field.line,
                column=field.column,
                path=".".join(field.path),
            )
        value = value[name]
    return None
