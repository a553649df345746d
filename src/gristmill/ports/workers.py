"""Which workers live, and what they measure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gristmill.domain.ids import WorkerId
from gristmill.domain.worker import WorkerGauges, WorkerReport


class WorkerStore(Protocol):
    """Workers as they report themselves every few seconds. Nothing depends on it: a lease is what gives a right.

    Verbs may raise StoreBusyError and StorageFullError, as those of JobStore.
    """

    async def report_worker(self, worker: WorkerId, host: str, started_at: datetime, gauges: WorkerGauges) -> None:
        """Note that the worker lives now, by the store's clock. Those that have not reported for minutes go."""
        ...

    async def forget_worker(self, worker: WorkerId) -> None:
        """Take out a worker that goes. One that is not there: nothing."""
        ...

    async def list_workers(self, since: datetime) -> Sequence[WorkerReport]:
        """The workers that reported at or after `since`, in order of their start."""
        ...
