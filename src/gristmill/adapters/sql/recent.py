"""What was read or written last, kept so that it need not be read again: so many entries and no more."""

import threading
from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the `most` entries that were used last. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[K, V] = {}
        self._guard = threading.Lock()

    def get(self, key: K) -> V | None:
        """The entry, which counts as used now; None when it is not kept."""
        with self._guard:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
            return found

    def put(self, key: K, value: V) -> None:
        """Keep an entry, in the place of the one that was not used longest."""
        with self._guard:
            self._kept.pop(key, None)
            self._kept[key] = value
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def drop(self, key: K) -> None:
        """Keep the entry no longer."""
        with self._guard:
            self._kept.pop(key, None)

    def all(self) -> Mapping[K, V]:
        """Every entry as it stands now; none of them counts as used."""
        with self._guard:
            return dict(self._kept)
