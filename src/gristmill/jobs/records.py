"""The records of a job, listed and searched by what they are like."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from gristmill.domain.ids import JobId, Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.listing import START, ListedRow, RecordFilter, RowPlace, Standing
from gristmill.domain.mark import Mark, Opinion
from gristmill.errors import BadInputError
from gristmill.jobs.cursors import read_cursor, write_cursor
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.report import time_json
from gristmill.jobs.shown import read_shown
from gristmill.ports.index import Found, Shown

MOST_ROWS = 200
LONGEST_TEXT = 1_000
MOST_FIELDS = 20

# One page looks through no more than this takes, unless whoever asks will wait longer; then it may be short.
LOOK_SECONDS = 0.2

CURSOR = "records"

Status: TypeAlias = Standing | Literal["all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """Which records somebody asks for; what each part means stands at `RecordFilter`."""

    status: Status = "accepted"
    reason: str | None = None
    score_min: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    mark: Opinion | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordItem:
    """A row of a list, with the mark of its slot."""

    row: ListedRow
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """Some records, and where the rest begin; None when there are no more.

    A page may be short, even empty, and yet not the last.
    """

    items: Sequence[RecordItem]
    next_cursor: str | None


async def list_records(
    ports: BrowsePorts,
    job: JobId,
    query: RecordQuery,
    *,
    limit: int = 50,
    cursor: str | None = None,
    seconds: float = LOOK_SECONDS,
) -> RecordPage:
    """The next records in the order of slot and attempt, at most `limit` (1 to 200), found within these `seconds`.

    Raises NotFoundError, InvalidCursorError, and BadInputError for a query that cannot be asked.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise BadInputError(f"A page has 1 to {MOST_ROWS} records, not {limit}.")
    after = START if cursor is None else _place_of(cursor)
    deadline = ports.clock.monotonic() + seconds
    rows = list[ListedRow]()
    async with aclosing(_find(ports, job, query, after, limit)) as found:
        async for some in found:
            rows += some.rows
            after = some.through
            if len(rows) >= limit:
                after = rows[limit - 1].place
            if len(rows) >= limit or ports.clock.monotonic() > deadline:
                return await _page(ports, job, rows[:limit], after)
    return await _page(ports, job, rows, None)


async def search_records(
    ports: BrowsePorts, job: JobId, query: RecordQuery, *, after: RowPlace = START
) -> AsyncGenerator[RecordItem, None]:
    """Every record that matches, in the order of slot and attempt, each as soon as it is found.

    Closing or cancelling it ends the search at once. Raises like `list_records`.
    """
    async with aclosing(_find(ports, job, query, after, MOST_ROWS)) as found:
        async for some in found:
            for item in await _with_marks(ports, job, some.rows):
                yield item


def record_json(item: RecordItem) -> JsonObject:
    """The shape of a record in a list. Times are RFC 3339 in UTC."""
    row = item.row
    return {
        "slot": row.place.slot,
        "attempt": row.place.attempt,
        "status": row.standing,
        "record": row.record,
        "reason": row.reason,
        "detail": row.detail,
        "score": row.score,
        "mark": mark_json(item.mark),
        "finished_at": time_json(row.finished_at),
    }


def mark_json(mark: Mark | None) -> JsonObject | None:
    """The shape of a mark."""
    return None if mark is None else {"mark": mark.mark, "note": mark.note, "at": time_json(mark.at)}


async def _find(
    ports: BrowsePorts, job: JobId, query: RecordQuery, after: RowPlace, most: int
) -> AsyncGenerator[Found, None]:
    wanted = filter_of(query)
    shown = await read_shown(ports, job)
    walk = (
        ports.index.find(shown, wanted, after=after, most=most)
        if query.mark is None
        else _find_marked(ports, shown, wanted, query.mark, after=after, most=most)
    )
    async with aclosing(walk) as found:
        async for some in found:
            yield some


async def _find_marked(
    ports: BrowsePorts, shown: Shown, wanted: RecordFilter, mark: Opinion, *, after: RowPlace, most: int
) -> AsyncGenerator[Found, None]:
    """Marks are few: their slots come from the store, and the index says what stands there."""
    first = max(after.slot, Slot(0))
    while marks := await ports.store.list_marks(shown.job, mark, first=first, limit=most):
        within = replace(wanted, slots=tuple(one.slot for one in marks))
        async with aclosing(ports.index.find(shown, within, after=after, most=most)) as found:
            async for some in found:
                yield some
        first = Slot(marks[-1].slot + 1)


def filter_of(query: RecordQuery) -> RecordFilter:
    """The query as the index takes it. Raises BadInputError for one that cannot be asked."""
    texts = [query.reason or "", query.text or "", *query.fields, *query.fields.values()]
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise BadInputError(f"What is searched for has at most {LONGEST_TEXT:,} characters.")
    if len(query.fields) > MOST_FIELDS:
        raise BadInputError(f"At most {MOST_FIELDS} fields can be asked for.")
    return RecordFilter(
        standing=None if query.status == "all" else query.status,
        reason=query.reason,
        score_min=query.score_min,
        fields=query.fields,
        text=query.text or None,
    )


async def _page(ports: BrowsePorts, job: JobId, rows: Sequence[ListedRow], after: RowPlace | None) -> RecordPage:
    return RecordPage(
        items=await _with_marks(ports, job, rows),
        next_cursor=None if after is None else write_cursor(CURSOR, *after),
    )


async def _with_marks(ports: BrowsePorts, job: JobId, rows: Sequence[ListedRow]) -> Sequence[RecordItem]:
    if not rows:
        return []
    first, last = rows[0].place.slot, rows[-1].place.slot
    marks = {mark.slot: mark for mark in await ports.store.read_marks(job, first=first, last=last)}
    return [RecordItem(row=row, mark=marks.get(row.place.slot)) for row in rows]


def _place_of(cursor: str) -> RowPlace:
    slot, attempt = read_cursor(CURSOR, cursor, int, int)
    return RowPlace(Slot(int(slot)), int(attempt))
