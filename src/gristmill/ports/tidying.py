"""What is left of jobs that were deleted."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gristmill.domain.ids import JobId


class LeftoverStore(Protocol):
    """What tidying asks of a store. Any verb may raise StoreBusyError."""

    async def list_deleted_jobs(self, among: Collection[JobId]) -> Sequence[JobId]:
        """Which of these were deleted, so that nobody reads them again. A job nobody knows is none of them."""
        ...

    async def drop_exports(self) -> int:
        """Forget the exports of jobs that were deleted; how many there were."""
        ...
