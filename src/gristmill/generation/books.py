"""The books of one epoch: every call is held, journaled, settled and shown in a segment, in that order."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from gristmill.domain.call import Call, CallCounts, Place
from gristmill.domain.completion import Completion
from gristmill.domain.ids import Slot
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.pricing import worst_cost
from gristmill.domain.value import value
from gristmill.errors import StorageFullError
from gristmill.generation.purse import Cover, Purse
from gristmill.ports.journal import EpochLog, Start

ROOM_CHECK_SECONDS = 1.0


@value(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call that is held and journaled, and may be sent."""

    number: int
    place: Place
    worst: NanoUsd


@dataclass(slots=True)
class _Calls:
    """The calls of one attempt: the first `shown` of them stand in a segment already."""

    made: list[Call] = field(default_factory=list)
    shown: int = 0

    def lineage(self) -> tuple[Call, ...]:
        return (*(call.as_lineage() for call in self.made[: self.shown]), *self.made[self.shown :])


class Books:
    """Keeps the purse, the journal and the calls of open attempts of one epoch in step.

    `answers` are paid for already, by an earlier epoch: a call at the same place with the same prompt uses them.
    """

    def __init__(
        self, purse: Purse, log: EpochLog, answers: Iterable[Call], *, report_full: Callable[[str], None]
    ) -> None:
        self.purse = purse
        self.counts = CallCounts()
        self.settled = 0
        self.overrun: Call | None = None
        self._log = log
        self._report_full = report_full
        self._answers = {call.place: call for call in answers if call.reply is not None}
        self._numbers = count(1)
        self._open: dict[tuple[Slot, int], _Calls] = {}

    def replay(self, place: Place, prompt: str) -> Call | None:
        """The answer already paid for to this very prompt at this place; it joins the attempt's lineage."""
        answer = self._answers.pop(place, None)
        if answer is None or answer.prompt != prompt:
            return None
        self._calls(place).made.append(answer.as_lineage())
        self.count(replayed=1)
        return answer

    async def hold(self, model: Model, request: Completion, cover: Cover) -> NanoUsd:
        """Set the call's worst case aside, and say what it is. Raises StoppedError once no call may start."""
        worst = worst_cost(model.price, request)
        await self.purse.hold(worst, cover)
        return worst

    def free(self, worst: NanoUsd) -> None:
        """Undo a hold whose call was never sent."""
        self.purse.settle(worst, Spent())

    async def open_call(self, place: Place, model: Model, prompt: str, worst: NanoUsd) -> OpenCall | None:
        """Note the start of a held call, which may then be sent.

        None, with the hold undone, if it may not start now: the lease's time passed while the call waited for its
        turn, or there was no room for the note, and then a moment has passed.
        """
        if not self.purse.is_open:
            self.free(worst)
            return None
        opened = OpenCall(number=next(self._numbers), place=place, worst=worst)
        start = Start(
            number=opened.number,
            place=place,
            model=model.name,
            prompt=prompt,
            worst=worst,
            price_table=model.price.table,
        )
        try:
            self._log.started(start)
        except StorageFullError as error:
            self.free(worst)
            self._report_full(str(error))
            await asyncio.sleep(ROOM_CHECK_SECONDS)
            return None
        return opened

    async def close_call(self, opened: OpenCall, call: Call) -> None:
        """Note the call's end, then settle it; only then may its answer be used.

        A provider that bills more than the bound is recorded truthfully, and `overrun` says so. A cancelled wait for
        room settles too: what was billed is billed.
        """
        try:
            while not self._has_noted(opened, call):  # noqa: ASYNC110 - a disk tells nobody that it has room again
                await asyncio.sleep(ROOM_CHECK_SECONDS)
        finally:
            self._settle(opened, call)

    def abandon_call(self, opened: OpenCall, call: Call) -> None:
        """Settle a call whose worker is going: its end is noted if there is room, and nobody waits for any."""
        self._has_noted(opened, call)
        self._settle(opened, call)

    def finish(self, slot: Slot, attempt: int) -> tuple[Call, ...]:
        """All calls of an attempt that ended; those no segment shows yet are ledger entries."""
        calls = self._open.pop((slot, attempt), None)
        return calls.lineage() if calls else ()

    @property
    def has_news(self) -> bool:
        """Whether calls were made or settled that no cut has told of."""
        return self.counts != CallCounts() or any(calls.shown < len(calls.made) for calls in self._open.values())

    def cut(self) -> list[tuple[Slot, int, tuple[Call, ...]]]:
        """The calls of attempts still in the making that no segment shows yet; from now on they count as shown."""
        cuts = []
        for (slot, attempt), calls in self._open.items():
            fresh = tuple(call for call in calls.made[calls.shown :] if call.entry)
            calls.shown = len(calls.made)
            if fresh:
                cuts.append((slot, attempt, fresh))
        return cuts

    def count(self, *, made: int = 0, retried: int = 0, failed: int = 0, replayed: int = 0) -> None:
        """Add to what the next segment tells of calls."""
        self.counts += CallCounts(made=made, retried=retried, failed=failed, replayed=replayed)

    def close(self, *, delete: bool) -> None:
        """End the epoch's journal; see EpochLog.close."""
        self._log.close(delete=delete)

    def _settle(self, opened: OpenCall, call: Call) -> None:
        if call.spent.total > opened.worst:
            self.overrun = call
        self.settled += 1
        self.count(made=1)
        self.purse.settle(opened.worst, call.spent)
        if call.reply is not None or call.cost:
            self._calls(opened.place).made.append(call)

    def _calls(self, place: Place) -> _Calls:
        return self._open.setdefault((place.slot, place.attempt), _Calls())

    def _has_noted(self, opened: OpenCall, call: Call) -> bool:
        try:
            self._log.ended(opened.number, call)
        except StorageFullError as error:
            self._report_full(str(error))
            return False
        return True
