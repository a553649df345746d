"""What a person thinks of records."""

from collections.abc import Collection
from typing import get_args

from gristmill.domain.ids import JobId, Slot
from gristmill.domain.mark import Opinion
from gristmill.errors import BadInputError
from gristmill.jobs.ports import BrowsePorts
from gristmill.ports.marks import MarkStore

MOST_SLOTS = 10_000
LONGEST_NOTE = 2_000


async def mark_records(ports: BrowsePorts, job: JobId, slots: Collection[int], mark: Opinion | None, note: str) -> None:
    """Give these slots of the job a mark and a note, or with None take theirs away.

    Raises NotFoundError for an unknown job, and BadInputError for a slot it does not have, too many or too long a note.
    """
    row = await ports.store.read_job(job)
    if len(slots) > MOST_SLOTS:
        raise BadInputError(f"At most {MOST_SLOTS:,} slots can be marked at once.")
    if len(note) > LONGEST_NOTE:
        raise BadInputError(f"A note has at most {LONGEST_NOTE:,} characters.")
    wrong = next((slot for slot in slots if not 0 <= slot < row.records), None)
    if wrong is not None:
        raise BadInputError(f"Job {job} has no slot {wrong}: its slots are 0 to {row.records - 1}.")
    await ports.store.set_marks(job, list(map(Slot, slots)), mark, note)


async def has_marks(store: MarkStore, job: JobId) -> bool:
    """Whether any record of a job is marked."""
    return any([await store.list_marks(job, opinion, first=Slot(0), limit=1) for opinion in get_args(Opinion)])
