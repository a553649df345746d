"""Records that stand, as the `unique` and `distinct` checks of their recipe see them."""

from collections.abc import Iterator, Sequence

from gristmill.datasets.fingerprints import FingerprintSet
from gristmill.datasets.nearset import NearSet
from gristmill.domain.likeness import SIGNATURE_FINGERPRINTS
from gristmill.domain.record import DUPLICATE, NEAR_DUPLICATE


class StandingRecords:
    """Finds whether a record is like one that stands, by its fingerprints alone.

    They are those of `unique` checks first, one each, then a signature for each `distinct` check.
    """

    def __init__(self, *, uniques: int = 0, similarities: Sequence[float] = ()) -> None:
        self._uniques = uniques
        self._exact = FingerprintSet()
        self._near = [NearSet(similarity) for similarity in similarities]

    def find_like(self, fingerprints: Sequence[int]) -> str | None:
        """Why the record may not stand beside the others: `duplicate` or `near_duplicate`; None if it may."""
        if any(fingerprint in self._exact for fingerprint in fingerprints[: self._uniques]):
            return DUPLICATE
        if any(near.has_like(signature) for near, signature in self._signatures(fingerprints)):
            return NEAR_DUPLICATE
        return None

    def add(self, fingerprints: Sequence[int]) -> None:
        """Let the record stand."""
        for fingerprint in fingerprints[: self._uniques]:
            self._exact.add(fingerprint)
        for near, signature in self._signatures(fingerprints):
            near.add(signature)

    def _signatures(self, fingerprints: Sequence[int]) -> Iterator[tuple[NearSet, Sequence[int]]]:
        for i, near in enumerate(self._near):
            start = self._uniques + i * SIGNATURE_FINGERPRINTS
            yield near, fingerprints[start : start + SIGNATURE_FINGERPRINTS]
