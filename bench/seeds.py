"""What a seed file of 2 GB takes to be stored: memory against a small one, and megabytes a second."""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeAlias

from bench.lab import Weight, show, weigh

SMALL, LARGE = 20 << 20, 2 << 30

STORE = """
import asyncio, sys
from pathlib import Path
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import store_seeds
asyncio.run(store_seeds(Path(sys.argv[1]), LocalBlobs(Path(sys.argv[2]))))
"""

WORDS = "the lamp arrived in good order but its cable is shorter than the page said größer als Ähre"

Parts: TypeAlias = Callable[[], Iterator[str]]


def measure(folder: Path) -> None:
    """Each format at both sizes."""
    for name, parts in {"jsonl": _lines, "json": _array, "csv": _table, "md": _page}.items():
        small, large = (_weigh(folder, name, parts, size) for size in (SMALL, LARGE))
        rate = LARGE / 2**20 / large.wall
        grown = large.memory - small.memory
        show(name, small_mb=small.memory, large_mb=large.memory, grown_mb=grown, seconds=large.wall, mb_per_second=rate)


def _weigh(folder: Path, name: str, parts: Parts, size: int) -> Weight:
    path = folder / f"seeds.{name}"
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for part in parts():
            written += file.write(part)
            if written >= size:
                break
        file.write("{}]" if name == "json" else "")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    try:
        return weigh([sys.executable, "-c", STORE, str(path), str(folder / "blobs")], environment)
    finally:
        path.unlink()


def _texts() -> list[str]:
    chance = random.Random(0)
    return [" ".join(chance.choices(WORDS.split(), k=chance.randint(20, 400))) + "." for _ in range(997)]


def _lines() -> Iterator[str]:
    texts = _texts()
    for i in count():
        yield json.dumps({"i": i, "about": {"text": texts[i % 997]}}, ensure_ascii=False) + "\n"


def _array() -> Iterator[str]:
    yield "["
    for line in _lines():
        yield line + ","


def _table() -> Iterator[str]:
    yield "i,text,note\n"
    texts = _texts()
    for i in count():
        yield f'{i},"{texts[i % 997]}\nand ""so"" on",\n'


def _page() -> Iterator[str]:
    texts = _texts()
    for i in count():
        yield f"{'#' * (1 + i % 3)} Part {i}\n\n{texts[i % 997]}\n\n{texts[(i + 1) % 997]}\n\n" * (1 + i % 5)
