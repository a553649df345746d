"""What people marked, on its way into an export: a column of its own, or a choice of records."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from gristmill.domain.export import MarksWish
from gristmill.domain.ids import JobId, Slot
from gristmill.domain.json import Json
from gristmill.domain.mark import Mark
from gristmill.domain.record import Row
from gristmill.ports.marks import MarkStore

# The field or column that tells a record's mark: {"mark", "note"}, or null.
MARK = "_mark"

# Marks are read for so many rows at once.
WINDOW_ROWS = 256


async def marked(rows: AsyncIterator[Row], job: JobId, wish: MarksWish, store: MarkStore) -> AsyncIterator[Row]:
    """The rows, which come in the order of their slots, as their marks have it: those that stay, each with its mark."""
    window: list[Row] = []
    async for row in rows:
        window.append(row)
        if len(window) == WINDOW_ROWS:
            for chosen in await _chosen(window, job, wish, store):
                yield chosen
            window = []
    for chosen in await _chosen(window, job, wish, store):
        yield chosen


async def _chosen(window: Sequence[Row], job: JobId, wish: MarksWish, store: MarkStore) -> Sequence[Row]:
    if not window:
        return window
    found = await store.read_marks(job, first=window[0].slot, last=window[-1].slot)
    marks = {mark.slot: mark for mark in found}
    if wish == "column":
        return [replace(row, record={**(row.record or {}), MARK: _mark_json(marks.get(row.slot))}) for row in window]
    return [row for row in window if _stays(row.slot, marks, wish)]


def _stays(slot: Slot, marks: Mapping[Slot, Mark], wish: MarksWish) -> bool:
    mark = marks.get(slot)
    if wish == "good":
        return mark is not None and mark.mark == "good"
    return mark is None or mark.mark != "bad"


def _mark_json(mark: Mark | None) -> Json:
    return None if mark is None else {"mark": mark.mark, "note": mark.note}
