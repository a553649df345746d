"""What a user does with seed sets: bring a file, look at its rows, and check them against a template."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gristmill.datasets import (
    PLAIN_READING,
    ColumnSurvey,
    SeedLimits,
    SeedReading,
    StoredSeeds,
    check_seeds,
    open_seeds,
    seeds_name,
    store_seeds,
    unused_columns,
)
from gristmill.domain.ids import Digest, JobId, UserId
from gristmill.domain.json import JsonObject, canonical
from gristmill.domain.seeds import SeedSet
from gristmill.errors import Finding, InvalidSeedsError, TooLargeError
from gristmill.library.labels import label_of
from gristmill.ports.blobs import Blobs
from gristmill.ports.seeds import SeedsStore
from gristmill.recipes import Recipe

UPLOAD_LIMITS = SeedLimits(file_bytes=256 << 20, bytes=1 << 30, rows=5_000_000)

# A row may be as long as 16 million characters: a page ends before it has as many rows as were asked for.
PAGE_CHARACTERS = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFile:
    """A file that somebody brought: it lies at `path`, and `name`, a label, says by its ending what it holds.

    `job` generated it, if one did.
    """

    path: Path
    name: str
    reading: SeedReading = PLAIN_READING
    job: JobId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """Rows from number `first`, from 0, of `rows` in all; `next` is where the next page begins, None at the end."""

    first: int
    items: Sequence[JsonObject]
    rows: int
    next: int | None


async def keep_file(
    file: SeedFile,
    owner: UserId,
    store: SeedsStore,
    blobs: Blobs,
    *,
    now: datetime,
    limits: SeedLimits = UPLOAD_LIMITS,
) -> SeedSet:
    """Store the rows of a file and give the owner a line for them; the same rows again get the line there is.

    Read in flat memory and never beyond the limits: TooLargeError, with nothing kept. Raises InvalidSeedsError, whose
    findings name the bad rows, StorageFullError, and StoreBusyError while the same rows are being deleted.
    """
    size = file.path.stat().st_size
    if size > limits.file_bytes:
        raise TooLargeError(f"The file has {size:,} bytes; at most {limits.file_bytes:,} are taken.")
    survey, label = ColumnSurvey(), label_of(file.name)
    stored = await _store(file, label, blobs, survey, limits)
    line = SeedSet(
        owner=owner,
        digest=stored.digest,
        name=label,
        rows=stored.rows,
        bytes=size,
        columns=survey.columns,
        job=file.job,
        created_at=now,
    )
    kept = await store.add_seeds(line)
    # Until the line stood, the same rows of somebody else may have been tidied away; from now on nothing is.
    if not await blobs.exists(seeds_name(stored.digest)):
        await _store(file, label, blobs, ColumnSurvey(), limits)
    return kept


async def _store(file: SeedFile, label: str, blobs: Blobs, survey: ColumnSurvey, limits: SeedLimits) -> StoredSeeds:
    reading = replace(file.reading, name=label, limits=limits)
    try:
        return await store_seeds(file.path, blobs, reading, look=survey.look)
    except InvalidSeedsError as error:
        # Where it lies here is nobody's business.
        findings = [replace(one, message=one.message.replace(str(file.path), label)) for one in error.findings]
        raise InvalidSeedsError(str(error).replace(str(file.path), label), findings) from error


async def read_rows(
    digest: Digest, owner: UserId, store: SeedsStore, blobs: Blobs, *, first: int = 0, limit: int = 50
) -> RowPage:
    """A page of rows by number. Raises NotFoundError."""
    await store.read_seeds(owner, digest)
    return await asyncio.to_thread(_read_rows, digest, blobs, max(first, 0), limit)


def _read_rows(digest: Digest, blobs: Blobs, first: int, limit: int) -> RowPage:
    items: list[JsonObject] = []
    characters = 0
    with open_seeds({"": digest}, blobs) as sets:
        reader = sets[""]
        while first + len(items) < reader.rows and len(items) < limit and characters < PAGE_CHARACTERS:
            items.append(reader.row(first + len(items)))
            characters += len(canonical(items[-1]))
        end = first + len(items)
        return RowPage(first=first, items=items, rows=reader.rows, next=end if end < reader.rows else None)


async def check_set(
    digest: Digest, recipe: Recipe, owner: UserId, store: SeedsStore, blobs: Blobs, *, name: str = ""
) -> tuple[Finding, ...]:
    """What the rows lack of what a recipe needs of its seeds of that name, and what nothing uses, as lint tells it.

    Raises NotFoundError, and InvalidSeedsError when nothing draws from seeds of that name.
    """
    if name and name not in recipe.set_fields:
        raise InvalidSeedsError(f"Nothing in `vary` draws from the seeds {name!r}.")
    line = await store.read_seeds(owner, digest)
    # What a prompt reads of a row that was drawn is not told by column.
    fields, used = (recipe.set_fields[name], None) if name else (recipe.seed_fields, recipe.seed_columns)
    unused = unused_columns([column.name for column in line.columns], used)

    def check() -> tuple[Finding, ...]:
        with open_seeds({name: digest}, blobs) as sets:
            return check_seeds(sets[name], fields)

    return (*unused, *await asyncio.to_thread(check))


async def tidy_seeds(store: SeedsStore, blobs: Blobs) -> int:
    """Delete the rows that no owner has a line for and no job draws from; how many sets went.

    What is brought or ordered meanwhile stays: rows are condemned first, and a line cannot be had for those.
    """
    count = 0
    for digest in await store.list_condemned_seeds():
        count += await _tidy(digest, store, blobs)
    prefix, suffix = seeds_name(Digest("*")).split("*")
    async for blob in blobs.list(prefix):
        if blob.endswith(suffix):
            count += await _tidy(Digest(blob.removeprefix(prefix).removesuffix(suffix)), store, blobs)
    return count


async def _tidy(digest: Digest, store: SeedsStore, blobs: Blobs) -> bool:
    if not await store.condemn_seeds(digest):
        return False
    await blobs.delete(seeds_name(digest))
    await store.forget_seeds(digest)
    return True
