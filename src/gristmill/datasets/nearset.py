"""A set of signatures that finds those close to one, at less than a kilobyte each and without comparing them all."""

import math
from array import array
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from gristmill.datasets.fingerprints import FingerprintSet
from gristmill.domain.likeness import LANES, SIGNATURE_FINGERPRINTS

# How likely two signatures that are just alike enough share a band; closer ones nearly always do.
LEAST_RECALL = 0.95
MOST_ROWS = 32
# An entry of the index is a band's hash over the number of its signature: room for 268 million.
NUMBER_BITS = 28
_NUMBERS = (1 << NUMBER_BITS) - 1
# So many signatures are compared at once.
_BATCH = 4096

_FACTORS = np.frombuffer(b"".join(blake2b(bytes([i]), digest_size=8).digest() for i in range(LANES)), dtype="<u8") | 1


class NearSet:
    """Signatures by bands: two that are alike share the lanes of some band, and only such are compared in full.

    A signature takes 512 bytes, and its entries in the index 9 bytes for each band: see docs/checks.md.
    """

    def __init__(self, similarity: float) -> None:
        self._least = math.ceil(similarity * LANES)
        self._rows, self._bands = choose_bands(similarity)
        self._signatures = array("Q")
        self._index = FingerprintSet()
        # Of the signature that was looked at last: one that is looked for is most often added next.
        self._last: tuple[Sequence[int], list[int]] = ((), [])

    def __len__(self) -> int:
        return len(self._signatures) // SIGNATURE_FINGERPRINTS

    def add(self, signature: Sequence[int]) -> None:
        """Put it in."""
        number = len(self)
        self._signatures.extend(signature)
        for entry in self._entries(signature):
            self._index.add(entry | number)

    def has_like(self, signature: Sequence[int]) -> bool:
        """Whether one is in it whose estimated similarity is as asked, or more."""
        found = set[int]()
        for entry in self._entries(signature):
            for key in self._index.between(entry, entry | _NUMBERS):
                found.add(key & _NUMBERS)
        return self._any_like(_lanes(signature), sorted(found)) if found else False

    def _any_like(self, lanes: np.ndarray, numbers: list[int]) -> bool:
        # The view must not outlive this call: an array whose memory is looked at cannot grow.
        table = np.frombuffer(self._signatures, dtype="<u2").reshape(-1, LANES)
        batches = (numbers[i : i + _BATCH] for i in range(0, len(numbers), _BATCH))
        return any(bool(((table[batch] == lanes).sum(axis=1) >= self._least).any()) for batch in batches)

    def _entries(self, signature: Sequence[int]) -> list[int]:
        if self._last[0] != signature:
            self._last = (signature, self._make_entries(_lanes(signature)))
        return self._last[1]

    def _make_entries(self, lanes: np.ndarray) -> list[int]:
        used = self._rows * self._bands
        mixed = (lanes[:used].astype("<u8") * _FACTORS[:used]).reshape(self._bands, self._rows).sum(axis=1)
        entries: list[int] = (mixed >> NUMBER_BITS << NUMBER_BITS).tolist()
        return entries


def choose_bands(similarity: float) -> tuple[int, int]:
    """Rows in a band, and bands: as many rows as leave LEAST_RECALL at this very similarity, for fewest comparisons.

    Two signatures of similarity s share a band with a probability of 1 - (1 - s**rows)**bands.
    """
    for rows in range(MOST_ROWS, 1, -1):
        bands = math.ceil(math.log(1 - LEAST_RECALL) / math.log1p(-min(similarity**rows, 0.999)))
        if rows * bands <= LANES:
            return rows, bands
    return 1, LANES


def _lanes(signature: Sequence[int]) -> np.ndarray:
    return np.array(signature, dtype="<u8").view("<u2")
