"""The store's verbs for what a server adds to jobs: marks, exports, workers that live, and requests sent twice."""

from collections.abc import Sequence
from datetime import datetime

from gristmill.adapters.sql import workers
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.ids import WorkerId
from gristmill.domain.worker import WorkerGauges, WorkerReport


class ServiceVerbs(Connected):
    """`ports.service.ServiceStore` and `ports.workers.WorkerStore`; what each verb promises stands there."""

    async def report_worker(self, worker: WorkerId, host: str, started_at: datetime, gauges: WorkerGauges) -> None:
        await self._write(workers.report_worker, worker, host, started_at, gauges)

    async def forget_worker(self, worker: WorkerId) -> None:
        await self._write(workers.forget_worker, worker)

    async def list_workers(self, since: datetime) -> Sequence[WorkerReport]:
        return await self._read(workers.list_workers, since)
