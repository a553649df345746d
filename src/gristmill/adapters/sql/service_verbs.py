"""The store's verbs for what a server adds to jobs: marks, exports, workers that live, and requests sent twice."""

from collections.abc import Sequence
from datetime import timedelta

from gristmill.adapters.sql import exports, requests
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.export import Export, ExportFile
from gristmill.domain.ids import ExportId, JobId, UserId
from gristmill.ports.requests import Claim


class ServiceVerbs(Connected):
    """`ports.requests.RequestStore` and `ports.exports.ExportStore`; what each verb promises stands there."""

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
