"""One lease being worked on: which slots are open, what finished, and what the next commit shows. No I/O."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Slot
from gristmill.domain.money import Spent
from gristmill.domain.record import Row
from gristmill.domain.shard import Lease, Progress
from gristmill.generation.books import Books

# As many finished rows do not wait for their commit's time.
COMMIT_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What a commit shows, taken in one instant so that rows, answers and money agree."""

    rows: tuple[Row, ...]
    progress: Progress
    counts: CallCounts
    spent: Spent
    settled: int


class Desk:
    """The slots of one lease: a rejected one comes back with its next attempt until none is left."""

    def __init__(self, lease: Lease, books: Books, attempt_limit: int, wake: asyncio.Event) -> None:
        """`wake` is set when the keeper has something to do before its time."""
        self.lease = lease
        self.wake = wake
        self.books = books
        self.in_making = 0
        self._limit = attempt_limit
        self._open = deque((slot, lease.attempts.get(slot, 0)) for slot in lease.done.missing())
        self._rows: list[Row] = []
        self._accepted: set[Slot] = set()
        self._given_up: set[Slot] = set()
        self._attempts: dict[Slot, int] = {}

    @property
    def finished_rows(self) -> int:
        """How many records and rejects wait for a commit."""
        return len(self._rows)

    @property
    def has_news(self) -> bool:
        """Whether a cut would tell anything: rows, answers, or calls that brought none."""
        return bool(self._rows) or self.books.has_news

    @property
    def is_idle(self) -> bool:
        """Whether no attempt is in the making."""
        return self.in_making == 0

    @property
    def is_finished(self) -> bool:
        """Whether every slot was accepted or given up, or waits for nothing."""
        return self.in_making == 0 and not self._open

    def next_slot(self) -> tuple[Slot, int] | None:
        """A slot to begin, and which attempt it is; None when all are begun."""
        if not self._open:
            return None
        self.in_making += 1
        return self._open.popleft()

    def abandon(self) -> None:
        """Begin none of its open slots any more: the lease is lost."""
        self._open.clear()

    def deliver(self, row: Row | None) -> None:
        """Take an attempt's outcome; None leaves its slot open for whoever goes on."""
        self.in_making -= 1
        if row is not None:
            self._take(row)
        if self.is_idle or len(self._rows) >= COMMIT_ROWS:
            self.wake.set()

    def _take(self, row: Row) -> None:
        self._rows.append(row)
        if row.is_accepted:
            self._accepted.add(row.slot)
            self._attempts.pop(row.slot, None)
        elif row.attempt + 1 < self._limit:
            # First in line again: a redraw finishes what is begun.
            self._attempts[row.slot] = row.attempt + 1
            self._open.appendleft((row.slot, row.attempt + 1))
        else:
            self._given_up.add(row.slot)
            self._attempts.pop(row.slot, None)

    def cut(self, now: datetime) -> Cut:
        """Everything finished or settled since the last cut."""
        unfinished = [
            Row(slot=slot, attempt=attempt, seed_row=None, values={}, record=None, calls=calls, finished_at=now)
            for slot, attempt, calls in self.books.cut()
        ]
        cut = Cut(
            rows=(*self._rows, *unfinished),
            progress=Progress(
                accepted=frozenset(self._accepted),
                given_up=frozenset(self._given_up),
                attempts=dict(self._attempts),
            ),
            counts=self.books.counts,
            spent=self.books.purse.spent,
            settled=self.books.settled,
        )
        self._rows.clear()
        self._accepted.clear()
        self._given_up.clear()
        self._attempts.clear()
        self.books.counts = CallCounts()
        return cut
