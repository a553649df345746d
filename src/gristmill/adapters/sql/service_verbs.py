"""The store's verbs for what a server adds to jobs: marks, exports, workers that live, and requests sent twice."""

from collections.abc import Collection, Sequence

from gristmill.adapters.sql import marks
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.ids import JobId, Slot
from gristmill.domain.mark import Mark, Opinion


class ServiceVerbs(Connected):
    """`ports.marks.MarkStore`; what each verb promises stands there."""

    async def set_marks(self, job: JobId, slots: Collection[Slot], mark: Opinion | None, note: str = "") -> None:
        await self._write(marks.set_marks, job, slots, mark, note)

    async def read_marks(self, job: JobId, *, first: Slot, last: Slot) -> Sequence[Mark]:
        return await self._read(marks.read_marks, job, first, last)

    async def list_marks(self, job: JobId, mark: Opinion, *, first: Slot, limit: int) -> Sequence[Mark]:
        return await self._read(marks.list_marks, job, mark, first, limit)
