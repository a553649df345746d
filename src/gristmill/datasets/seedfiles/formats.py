"""Which reader a seed file is for: its name says the format, its first bytes the compression."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from gristmill.datasets.seedfiles.json_rows import read_json, read_json_lines
from gristmill.datasets.seedfiles.opening import inner_name, open_content
from gristmill.datasets.seedfiles.parquet import read_parquet
from gristmill.datasets.seedfiles.passages import read_markdown, read_text
from gristmill.datasets.seedfiles.rows import SeedReading, SeedRow
from gristmill.datasets.seedfiles.tables import read_csv, read_tsv
from gristmill.errors import InvalidSeedsError

_Reader: TypeAlias = Callable[[Path, SeedReading], Iterator[SeedRow]]
_TextReader: TypeAlias = Callable[[Path, SeedReading, str], Iterator[SeedRow]]

_READERS: dict[str, _Reader] = {
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".csv": read_csv,
    ".tsv": read_tsv,
}

_TEXTS: dict[str, _TextReader] = {".txt": read_text, ".md": read_markdown, ".markdown": read_markdown}

NAMES = ".json, .jsonl, .csv, .tsv, .parquet, .txt or .md, and .gz or .zst after it when it is compressed"


def read_seed_rows(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """The rows of a seed file, or of all texts below a folder, in order and read as they are asked for.

    A row that is no good is a Finding in its place, and reading goes on. Raises InvalidSeedsError for what makes the
    rest unreadable.
    """
    try:
        yield from _read_folder(path, reading) if path.is_dir() else _read_file(path, reading)
    except FileNotFoundError as error:
        raise InvalidSeedsError(f"There is no seeds file {path}.") from error
    except PermissionError as error:
        raise InvalidSeedsError(f"{error.filename or path} may not be read. Allow it, or copy it elsewhere.") from error
    except OSError as error:
        raise InvalidSeedsError(f"cannot read {path}: {error.strerror or error}.") from error


def _read_file(path: Path, reading: SeedReading) -> Iterator[SeedRow]:
    name = inner_name(reading.name or path.name)
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path, reading)
    if suffix not in _READERS and suffix not in _TEXTS:
        raise InvalidSeedsError(f"{path}: the name of a seed file ends in {NAMES}.")
    with open_content(path, reading) as content:
        if not content.peek(1):
            raise InvalidSeedsError(f"{path} is empty, so it has no rows.")
    return _READERS[suffix](path, reading) if suffix in _READERS else _TEXTS[suffix](path, reading, name)


def _read_folder(folder: Path, reading: SeedReading) -> Iterator[SeedRow]:
    """The passages of all texts below a folder, by name; each names its file as it is called from there."""
    files = sorted(_texts_below(folder), key=lambda file: file.relative_to(folder).as_posix())
    if not files:
        raise InvalidSeedsError(f"{folder} is a folder with no .txt or .md file in it. Name one seed file instead.")
    for file in files:
        name = inner_name(file.relative_to(folder).as_posix())
        yield from _TEXTS[Path(name).suffix.lower()](file, reading, name)


def _texts_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if Path(inner_name(name)).suffix.lower() in _TEXTS and not name.startswith("."):
                yield Path(parent, name)
