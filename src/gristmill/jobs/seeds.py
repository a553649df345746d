"""Seed sets of an order: stored, opened and checked against what the prompts need, before anything is spent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gristmill.datasets import (
    PLAIN_READING,
    SeedReading,
    SeedsReader,
    StoredSeeds,
    check_seeds,
    seeds_name,
    store_seeds,
)
from gristmill.domain.json import JsonObject
from gristmill.errors import InvalidSeedsError
from gristmill.ports.blobs import Blobs
from gristmill.recipes import Recipe


@contextmanager
def open_seeds(seeds: StoredSeeds | None, blobs: Blobs) -> Iterator[SeedsReader | None]:
    """A reader over a stored seed set, or None when there is none."""
    if seeds is None:
        yield None
        return
    with blobs.open(seeds_name(seeds.digest)) as file:
        yield SeedsReader(file)


async def keep_seeds(
    files: Mapping[str, Path], blobs: Blobs, reading: SeedReading = PLAIN_READING
) -> Mapping[str, StoredSeeds]:
    """Store each seed file or folder under its digest. Raises InvalidSeedsError for one that cannot be read."""
    return {name: await _keep(path, blobs, reading) for name, path in files.items()}


async def _keep(path: Path, blobs: Blobs, reading: SeedReading) -> StoredSeeds:
    try:
        return await store_seeds(path, blobs, reading)
    except InvalidSeedsError as error:
        # The findings speak of this file, not of the template.
        error.add_note(str(path))
        raise


def require_seeds(recipe: Recipe, reader: SeedsReader | None) -> None:
    """Raise InvalidSeedsError when the prompts need seeds that are not there, or fields that some rows lack."""
    if reader is None:
        if recipe.seed_fields:
            fields = ", ".join(dict.fromkeys(".".join(field.path) for field in recipe.seed_fields))
            raise InvalidSeedsError(f"The prompts need seeds with {fields}. Add --seeds FILE.")
        return
    if reader.rows == 0:
        raise InvalidSeedsError("The seeds have no rows.")
    findings = check_seeds(reader, recipe.seed_fields)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidSeedsError("The seeds lack what the prompts need.", findings)


def seed_row(reader: SeedsReader | None, slot: int) -> JsonObject:
    """The seed of a slot: rows are taken in turn. Empty without seeds."""
    return reader.row(slot % reader.rows) if reader is not None and reader.rows else {}
