"""What `distinct` costs at 200,000 and at a million records: processor time and memory of one more."""

import os
import random
import time
from pathlib import Path

from bench.lab import show
from gristmill.datasets import StandingRecords
from gristmill.domain.likeness import SIGNATURE_FINGERPRINTS
from gristmill.recipes.likeness import signature_of

SIZES = (200_000, 1_000_000)
SIMILARITY = 0.85
WORDS = 60
MEASURED = 5_000


def measure(_folder: Path) -> None:
    """Fill a set with signatures of texts that share nothing, and time real texts of 60 words once it has a size."""
    chance = random.Random(1)
    before = _resident()
    standing = StandingRecords(similarities=(SIMILARITY,))
    number = 0
    for size in SIZES:
        while number < size - MEASURED:
            standing.add(tuple(chance.getrandbits(64) for _ in range(SIGNATURE_FINGERPRINTS)))
            number += 1
        seconds, found = _time_texts(standing, chance)
        number += MEASURED
        grown = _resident() - before
        show(f"distinct, {size:,}", ms=seconds / MEASURED * 1e3, bytes_each=grown / size, found=found)


def _time_texts(standing: StandingRecords, chance: random.Random) -> tuple[float, int]:
    """Each text made a signature, compared and kept; one in fifty differs from an earlier one in a word."""
    vocabulary = [f"w{chance.getrandbits(24):06x}" for _ in range(5_000)]
    texts = [" ".join(chance.choices(vocabulary, k=WORDS)) for _ in range(MEASURED)]
    for i in range(MEASURED // 2, MEASURED, 25):
        texts[i] = " ".join(["changed", *texts[i - MEASURED // 2].split()[1:]])
    found, started = 0, time.process_time()
    for text in texts:
        signature = signature_of([text])
        if standing.find_like(signature) is None:
            standing.add(signature)
        else:
            found += 1
    return time.process_time() - started, found


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
