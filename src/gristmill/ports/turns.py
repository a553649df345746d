"""What workers that belong to no job read to choose one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gristmill.domain.ids import JobId
from gristmill.domain.turns import OpenJob


class TurnStore(Protocol):
    """All jobs of the store, as far as workers look for work. Both verbs only read, and may raise StoreBusyError.

    The answer is one moment's, and another worker may act on the same one: whoever comes second finds nothing to lease.
    """

    async def list_open_jobs(self) -> Sequence[OpenJob]:
        """Every job that has not ended, in order of creation. Leases are judged by the store's clock.

        What it costs follows from the jobs that have not ended and their shards, not from those that have.
        """
        ...

    async def list_ended_jobs(self, since: datetime, *, limit: int = 100) -> Sequence[JobId]:
        """The jobs that ended at or after `since`, the latest first, at most `limit`."""
        ...
