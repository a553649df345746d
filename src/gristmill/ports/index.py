"""Where the records of a job are found by what they are like."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gristmill.domain.ids import JobId
from gristmill.domain.listing import ListedRow, RecordFilter, RowPlace
from gristmill.domain.shard import Shard
from gristmill.ports.store import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of a job may be seen at one moment. `shards` come in order and hold every slot of the segments."""

    job: JobId
    manifest: Manifest
    shards: Sequence[Shard]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Matching rows in their order, maybe none, and up to which place, included, everything was looked at."""

    rows: Sequence[ListedRow]
    through: RowPlace


class RecordIndex(Protocol):
    """Finds rows in a job's index where there is one for its manifest, else in its segments, and then slower."""

    def find(self, shown: Shown, wanted: RecordFilter, *, after: RowPlace, most: int) -> AsyncGenerator[Found, None]:
        """The rows behind `after` that match, in the order of slot and attempt, at most `most` at a time, to the last.

        Looks at more at a time the fewer it finds. Whoever closes or cancels it ends the search at once. Raises
        NotFoundError when a segment is missing or changed.
        """
        ...

    async def close(self) -> None:
        """End what is being looked for; nothing may be called after it."""
        ...
