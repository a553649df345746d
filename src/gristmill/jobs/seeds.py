"""Seed sets of an order: stored, opened and checked against what the prompts need, before anything is spent."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from gristmill.datasets import (
    PLAIN_READING,
    SeedReading,
    SeedsReader,
    StoredSeeds,
    check_seeds,
    open_seeds,
    store_seeds,
)
from gristmill.domain.ids import Digest
from gristmill.domain.scope import dotted
from gristmill.errors import Finding, InvalidSeedsError
from gristmill.ports.blobs import Blobs
from gristmill.recipes import Recipe, SeedField, open_decks


def open_sets(seeds: Mapping[str, StoredSeeds], blobs: Blobs) -> AbstractContextManager[Mapping[str, SeedsReader]]:
    """A reader over each stored seed set, by the set's name, for as long as the context."""
    return open_seeds({name: stored.digest for name, stored in seeds.items()}, blobs)


def stored_seeds(digests: Mapping[str, Digest], blobs: Blobs) -> Mapping[str, StoredSeeds]:
    """The seed sets behind the digests of an order. Raises NotFoundError."""
    with open_seeds(digests, blobs) as sets:
        return {name: StoredSeeds(digest=digests[name], rows=reader.rows) for name, reader in sets.items()}


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


def require_seeds(recipe: Recipe, sets: Mapping[str, SeedsReader]) -> None:
    """Raise InvalidSeedsError when a seed set the template needs is not there, or rows lack what it needs of them."""
    refuse_unknown_sets(recipe, sets)
    if "" not in sets and recipe.seed_fields:
        raise InvalidSeedsError(
            f"The prompts need seeds with {_words(recipe.seed_fields)}. Add such seeds.", at_shell="--seeds FILE"
        )
    for name, fields in recipe.set_fields.items():
        if name not in sets:
            needs = f" with {_words(fields)}" if fields else ""
            raise InvalidSeedsError(
                f"`vary` draws from the seeds {name!r}{needs}. Add such seeds.", at_shell=f"--seeds {name}=FILE"
            )
    for name, reader in sets.items():
        if reader.rows == 0:
            raise InvalidSeedsError(f"The seeds {name!r} have no rows." if name else "The seeds have no rows.")
    findings = check_sets(recipe, sets)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidSeedsError("The seeds lack what the prompts need.", findings)
    open_decks(recipe, sets)


def refuse_unknown_sets(recipe: Recipe, names: Iterable[str]) -> None:
    """Raise InvalidSeedsError for a seed set that nothing draws from: its name is most likely misspelt."""
    for name in names:
        if name and name not in recipe.set_fields:
            near = get_close_matches(name, recipe.set_fields, 1)
            hint = f" Did you mean {near[0]!r}?" if near else " The seeds of all records are given without a name."
            raise InvalidSeedsError(f"Nothing in `vary` draws from the seeds {name!r}.{hint}")


def check_sets(recipe: Recipe, sets: Mapping[str, SeedsReader]) -> tuple[Finding, ...]:
    """What rows lack of the fields the prompts need of them, seed set by seed set."""
    findings: list[Finding] = []
    for name, reader in sets.items():
        found = check_seeds(reader, recipe.set_fields[name] if name else recipe.seed_fields)
        findings += [replace(one, message=f"seeds {name}: {one.message}") for one in found] if name else found
    return tuple(findings)


def needed_fields(recipe: Recipe) -> Mapping[str, Sequence[str]]:
    """What every row must have, by seed set, as people write it; the set that slots go through is named `""`."""
    sets = {"": recipe.seed_fields, **recipe.set_fields}
    return {name: _names(fields) for name, fields in sets.items() if fields}


def _words(fields: Iterable[SeedField]) -> str:
    return ", ".join(_names(fields))


def _names(fields: Iterable[SeedField]) -> Sequence[str]:
    return tuple(dict.fromkeys(dotted(field.path) for field in fields))
