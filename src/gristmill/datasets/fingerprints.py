"""A set of 64-bit fingerprints that grows by about ten bytes an element."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

BUCKET_BITS = 12


class FingerprintSet:
    """Fingerprints in sorted buckets by their highest bits: a hash spreads them evenly, so every bucket stays short.

    An array grows by a sixteenth at a time, so there is no moment at which the set needs twice its room. Adding to a
    set of ten million moves about 10 KB.
    """

    def __init__(self) -> None:
        self._buckets: list[array[int] | None] = [None] * (1 << BUCKET_BITS)
        self._size = 0

    def add(self, fingerprint: int) -> bool:
        """Put it in; whether it was new."""
        number = fingerprint >> (64 - BUCKET_BITS)
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = array("Q")
        place = bisect_left(bucket, fingerprint)
        if place < len(bucket) and bucket[place] == fingerprint:
            return False
        bucket.insert(place, fingerprint)
        self._size += 1
        return True

    def __contains__(self, fingerprint: int) -> bool:
        return len(self.between(fingerprint, fingerprint)) > 0

    def between(self, first: int, last: int) -> Sequence[int]:
        """Those from `first` to `last`, both included, which must agree in their highest bits."""
        bucket = self._buckets[first >> (64 - BUCKET_BITS)]
        if bucket is None:
            return ()
        place = bisect_left(bucket, first)
        if place == len(bucket) or bucket[place] > last:
            return ()
        return bucket[place : bisect_right(bucket, last, place)]

    def __len__(self) -> int:
        return self._size
