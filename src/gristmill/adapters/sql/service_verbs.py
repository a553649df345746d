"""The store's verbs for what a server adds to jobs: marks, exports, workers, commits, and requests sent twice."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from gristmill.adapters.sql import exports, jobs, manifest, marks, requests, workers
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.export import Export, ExportFile
from gristmill.domain.ids import ExportId, JobId, Slot, UserId, WorkerId
from gristmill.domain.mark import Mark, Opinion
from gristmill.domain.segment import Commit
from gristmill.domain.worker import WorkerGauges, WorkerReport
from gristmill.ports.requests import Claim


class ServiceVerbs(Connected):
    """What `RequestStore`, `ExportStore`, `LeftoverStore`, `WorkerStore`, `HistoryStore` and `MarkStore` promise."""

    async def claim_request(self, owner: UserId, key: str, digest: str) -> Claim:
        return await self._write(requests.claim_request, owner, key, digest)

    async def answer_request(self, owner: UserId, key: str, status: int, answer: str) -> None:
        await self._write(requests.answer_request, owner, key, status, answer)

    async def give_up_request(self, owner: UserId, key: str) -> None:
        await self._write(requests.give_up_request, owner, key)

    async def add_export(self, export: Export) -> None:
        await self._write(exports.add_export, export)

    async def read_export(self, export: ExportId) -> Export:
        return await self._read(exports.read_export, export)

    async def list_exports(self, job: JobId) -> Sequence[Export]:
        return await self._read(exports.list_exports, job)

    async def take_export(self, maker: str, ttl: timedelta) -> Export | None:
        return await self._write(exports.take_export, maker, ttl)

    async def keep_export(self, export: ExportId, maker: str, ttl: timedelta) -> bool:
        return await self._write(exports.keep_export, export, maker, ttl)

    async def end_export(self, export: ExportId, maker: str, made: ExportFile | str) -> bool:
        return await self._write(exports.end_export, export, maker, made)

    async def drop_exports(self) -> int:
        return await self._write(exports.drop_exports)

    async def list_deleted_jobs(self, among: Collection[JobId]) -> Sequence[JobId]:
        return await self._read(jobs.list_deleted_jobs, among)

    async def report_worker(self, worker: WorkerId, host: str, started_at: datetime, gauges: WorkerGauges) -> None:
        await self._write(workers.report_worker, worker, host, started_at, gauges)

    async def forget_worker(self, worker: WorkerId) -> None:
        await self._write(workers.forget_worker, worker)

    async def list_workers(self, since: datetime) -> Sequence[WorkerReport]:
        return await self._read(workers.list_workers, since)

    async def list_commits(self, job: JobId, *, after: int = 0, limit: int = 1_000) -> Sequence[Commit]:
        return await self._read(manifest.list_commits, job, after, limit)

    async def set_marks(self, job: JobId, slots: Collection[Slot], mark: Opinion | None, note: str = "") -> None:
        await self._write(marks.set_marks, job, slots, mark, note)

    async def read_marks(self, job: JobId, *, first: Slot, last: Slot) -> Sequence[Mark]:
        return await self._read(marks.read_marks, job, first, last)

    async def list_marks(self, job: JobId, mark: Opinion, *, first: Slot, limit: int) -> Sequence[Mark]:
        return await self._read(marks.list_marks, job, mark, first, limit)
