"""Where marks on records are kept."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gristmill.domain.ids import JobId, Slot
from gristmill.domain.mark import Mark, Opinion


class MarkStore(Protocol):
    """Marks on a job's slots, one for each. Whether there is such a job or slot is not asked."""

    async def set_marks(self, job: JobId, slots: Collection[Slot], mark: Opinion | None, note: str = "") -> None:
        """Give all these slots this mark and note, over any they have, or with None take theirs away."""
        ...

    async def read_marks(self, job: JobId, *, first: Slot, last: Slot) -> Sequence[Mark]:
        """The marks on slots `first .. last`, in order."""
        ...

    async def list_marks(self, job: JobId, mark: Opinion, *, first: Slot, limit: int) -> Sequence[Mark]:
        """The marks of this kind on slots from `first` on, in order, at most `limit`."""
        ...
