"""A job's records found window by window: in one file where there is an index, else in one shard after another."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from gristmill.adapters.duckdb.database import Database, Rows
from gristmill.adapters.duckdb.queries import FILE, TABLE, Window, window_query
from gristmill.adapters.duckdb.shelf import Shelf
from gristmill.datasets.columns import EPOCH
from gristmill.datasets.index import by_shard, index_name, read_shard_index, withdrawn_of
from gristmill.datasets.jsontext import from_json
from gristmill.datasets.leaves import has_value
from gristmill.domain.ids import Slot
from gristmill.domain.listing import ListedRow, RecordFilter, RowPlace, Standing
from gristmill.domain.segment import Segment
from gristmill.domain.shard import Shard
from gristmill.ports.blobs import Blobs
from gristmill.ports.index import Found, Shown

# The first window is quick; what is rare is looked for in ever larger ones, each of which can still be ended.
FIRST_SLOTS = 2_048
GROWTH = 4
MOST_SLOTS = 1 << 19

# Behind every attempt of a slot.
LAST_ATTEMPT = 2**31 - 1

Ask: TypeAlias = Callable[[Window], Awaitable[Rows]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Slots `first .. end - 1`, to be looked at in one source."""

    first: Slot
    end: Slot
    ask: Ask


class DuckIndex:
    """See RecordIndex."""

    def __init__(self, blobs: Blobs, folder: Path, *, root: Path | None = None) -> None:
        """`folder` is for copies of files and for what does not fit into memory; `root` is where local blobs lie."""
        self._blobs = blobs
        self._shelf = Shelf(blobs, folder / "copies")
        self._database = Database([*([root] if root else []), folder / "copies"], folder / "spill")

    async def find(
        self, shown: Shown, wanted: RecordFilter, *, after: RowPlace, most: int
    ) -> AsyncGenerator[Found, None]:
        for stretch in await self._stretches(shown, wanted):
            async with aclosing(_walk(_cut(stretch, wanted), wanted, after, most)) as walk:
                async for found in walk:
                    yield found

    async def close(self) -> None:
        self._database.close()

    async def _stretches(self, shown: Shown, wanted: RecordFilter) -> Iterable[Stretch]:
        name = index_name(shown.job, shown.manifest)
        if not await self._blobs.exists(name):
            # One after another, for each keeps its rows until it is looked through.
            return self._shards(shown, wanted)
        path = str(await self._shelf.find(name))
        end = max((shard.done.first + shard.done.size for shard in shown.shards), default=0)

        async def ask(window: Window) -> Rows:
            return await self._database.ask(window_query(FILE, wanted, window, path))

        return [Stretch(first=Slot(0), end=Slot(end), ask=ask)]

    def _shards(self, shown: Shown, wanted: RecordFilter) -> Iterator[Stretch]:
        of_shard = {segments[0].shard: segments for segments in by_shard(shown.manifest.segments)}
        for shard in shown.shards:
            segments = of_shard.get(shard.number, ())
            if _may_hold(segments, shown, wanted) and _meets(shard, wanted):
                done = shard.done
                ask = self._ask_shard(shown, segments, wanted)
                yield Stretch(first=Slot(done.first), end=Slot(done.first + done.size), ask=ask)

    def _ask_shard(self, shown: Shown, segments: Sequence[Segment], wanted: RecordFilter) -> Ask:
        tables = dict[str, Any]()

        async def ask(window: Window) -> Rows:
            if not tables:
                withdrawn = withdrawn_of(shown.manifest)
                tables[TABLE] = await read_shard_index(
                    self._blobs, shown.job, segments, withdrawn, is_searched=bool(wanted.fields or wanted.text)
                )
            return await self._database.ask(window_query(TABLE, wanted, window), tables)

        return ask


def _cut(stretch: Stretch, wanted: RecordFilter) -> Stretch:
    """What of the stretch lies between the first and the last wanted slot."""
    if not wanted.slots:
        return stretch
    end = min(stretch.end, Slot(max(wanted.slots) + 1))
    return replace(stretch, first=max(stretch.first, min(wanted.slots)), end=end)


async def _walk(stretch: Stretch, wanted: RecordFilter, after: RowPlace, most: int) -> AsyncGenerator[Found, None]:
    """The stretch window by window from behind `after`."""
    after = max(after, RowPlace(stretch.first, -1))
    width = FIRST_SLOTS if wanted.slots is None else MOST_SLOTS
    while after < RowPlace(Slot(stretch.end - 1), LAST_ATTEMPT):
        end = Slot(min(after.slot + width, stretch.end))
        rows = [_row(*columns) for columns in await stretch.ask(Window(after=after, end=end, most=most))]
        is_full = len(rows) == most
        after = rows[-1].place if is_full else RowPlace(Slot(end - 1), LAST_ATTEMPT)
        width = FIRST_SLOTS if is_full else min(width * GROWTH, MOST_SLOTS)
        yield Found(rows=[row for row in rows if _is_exact(row, wanted)], through=after)


def _row(  # noqa: PLR0917 - the parameters are the columns, in their order
    slot: int,
    attempt: int,
    standing: Standing,
    record: str | None,
    reason: str | None,
    detail: str | None,
    score: float | None,
    at: int,
) -> ListedRow:
    return ListedRow(
        place=RowPlace(Slot(slot), attempt),
        standing=standing,
        record=None if record is None else from_json(record.encode()),
        reason=reason,
        detail=detail or "",
        score=score,
        finished_at=EPOCH + timedelta(microseconds=at),
    )


def _is_exact(row: ListedRow, wanted: RecordFilter) -> bool:
    """Two values may share a fingerprint."""
    return all(has_value(row.record or {}, path, text) for path, text in wanted.fields.items())


def _may_hold(segments: Sequence[Segment], shown: Shown, wanted: RecordFilter) -> bool:
    """Whether rows as they are wanted may be among these: what the manifest says of each segment decides at once."""
    if not segments or (wanted.reason is None and wanted.standing != "rejected"):
        return bool(segments)
    # Which records were withdrawn, and why, is not the segments' to say.
    return bool(shown.manifest.withdrawn) or any(
        segment.rejected if wanted.reason is None else wanted.reason in segment.rejects for segment in segments
    )


def _meets(shard: Shard, wanted: RecordFilter) -> bool:
    done = shard.done
    return wanted.slots is None or any(done.first <= slot < done.first + done.size for slot in wanted.slots)
