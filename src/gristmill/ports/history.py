"""How a job came about, commit by commit."""

from collections.abc import Sequence
from typing import Protocol

from gristmill.domain.ids import JobId
from gristmill.domain.segment import Commit


class HistoryStore(Protocol):
    """The commits of a job, for whoever follows it. Verbs may raise StoreBusyError, as those of JobStore."""

    async def list_commits(self, job: JobId, *, after: int = 0, limit: int = 1_000) -> Sequence[Commit]:
        """Commits with a sequence above `after`, in order, at most `limit`; of a job that does not exist none."""
        ...
