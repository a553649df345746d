"""What an index finds is what a plain reading of the same rows finds, whatever is asked and however it is paged."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gristmill.adapters.duckdb import DuckIndex
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets.index import index_name, write_index
from gristmill.datasets.jsontext import plain_json
from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.listing import ListedRow, RecordFilter, RowPlace
from gristmill.domain.record import CheckResult, Row
from support.browsing import SHARD, page_all, show_rows
from support.rows import a_row, unfinished

SHARDS = 3
SLOTS = SHARD * SHARDS

WORDS = ("", "a", "B", "ab", "straße", "STRASSE", "5", "5.0", "true", "null", "ü", "\ud800", 'it\'s "so"\n', "%", "_")
scalars = st.one_of(
    st.sampled_from(WORDS), st.integers(-6, 6), st.sampled_from([5.0, 0.5, 1e300, 2**70]), st.booleans(), st.none()
)
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.sampled_from("xy"), scalars, max_size=2))
records = st.dictionaries(st.sampled_from(["name", "n", "it's", "a.b"]), values, max_size=3)
reasons = st.sampled_from(["too short", "duplicate", "' OR 1=1 --"])
scores = st.lists(st.sampled_from([1.0, 2.5, 4.0, None]), max_size=2)


@st.composite
def ended_rows(draw: st.DrawFn, slot: int) -> list[Row]:
    """Some rejects of a slot and then, maybe, its record."""
    rows = []
    for attempt in range(draw(st.integers(0, 2)) + 1):
        reason = None if attempt == 2 else draw(st.none() | reasons)
        checks = tuple(CheckResult(check="c", passed=True, value=value) for value in draw(scores))
        record = draw(records) if reason is None else draw(st.none() | records)
        rows.append(replace(a_row(slot, attempt, record=record, reason=reason), checks=checks, record=record))
        if reason is None:
            break
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    batches: Sequence[Sequence[Row]]
    withdrawn: dict[tuple[Slot, int], str]


@st.composite
def jobs(draw: st.DrawFn) -> Made:
    slots = draw(st.lists(st.integers(0, SLOTS - 1), unique=True, max_size=12))
    rows = [row for slot in slots for row in draw(ended_rows(slot))]
    rows += [unfinished(slot, 9) for slot in slots[:2]]
    rows = draw(st.permutations(rows))
    marks = {(row.slot, row.attempt): draw(reasons) for row in rows if row.is_accepted and draw(st.integers(0, 3)) == 0}
    cuts = draw(st.integers(1, 5))
    return Made(batches=[rows[i::cuts] for i in range(cuts)], withdrawn=marks)


filters = st.builds(
    RecordFilter,
    standing=st.sampled_from([None, "accepted", "rejected"]),
    reason=st.none() | reasons,
    score_min=st.none() | st.sampled_from([1.0, 2.0, 4.0]),
    fields=st.dictionaries(
        st.sampled_from(["name", "n", "n.x", "it's", "a.b", "a"]), st.sampled_from(WORDS) | st.just("-3"), max_size=1
    ),
    text=st.none() | st.sampled_from(WORDS[1:]),
    slots=st.none() | st.lists(st.integers(0, SLOTS).map(Slot), min_size=1, max_size=8).map(lambda s: tuple(sorted(s))),
)


def leaves(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(path, inner)
    else:
        yield path, value


def is_value(value: Json, text: str) -> bool:
    """Whether the text is the string, or is JSON of the same kind with the same value."""
    if isinstance(value, str):
        return value == text
    try:
        read = json.loads(text)
    except ValueError:
        return False
    return isinstance(read, bool) == isinstance(value, bool) and not isinstance(read, str) and read == value


def holds_text(record: JsonObject | None, text: str) -> bool:
    shown = [value if isinstance(value, str) else orjson_text(value) for _, value in leaves("", record or {})]
    return any(text.casefold() in value.casefold() for value in shown)


def orjson_text(value: Json) -> str:
    return plain_json(value).decode()


def matches(row: ListedRow, wanted: RecordFilter) -> bool:
    found = list(leaves("", row.record or {}))
    return (
        wanted.standing in {None, row.standing}
        and wanted.reason in {None, row.reason}
        and (wanted.score_min is None or (row.score is not None and row.score >= wanted.score_min))
        and all(
            any(at == path and is_value(value, text) for at, value in found) for path, text in wanted.fields.items()
        )
        and (wanted.text is None or holds_text(row.record, wanted.text))
        and (wanted.slots is None or row.place.slot in wanted.slots)
    )


def listed(row: Row, withdrawn: Mapping[tuple[Slot, int], str]) -> ListedRow:
    mark = withdrawn.get((row.slot, row.attempt))
    return ListedRow(
        place=RowPlace(row.slot, row.attempt),
        standing="accepted" if row.is_accepted and mark is None else "rejected",
        record=row.record,
        reason=mark or row.reason,
        detail=row.detail,
        score=min((check.value for check in row.checks if check.value is not None), default=None),
        finished_at=row.finished_at,
    )


def plainly(made: Made, wanted: RecordFilter) -> list[ListedRow]:
    ended = [row for batch in made.batches for row in batch if row.is_accepted or row.is_reject]
    rows = sorted((listed(row, made.withdrawn) for row in ended), key=lambda row: row.place)
    return [row for row in rows if matches(row, wanted)]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalBlobs, DuckIndex]]:
    folder = tmp_path_factory.mktemp("blobs")
    blobs = LocalBlobs(folder)
    index = DuckIndex(blobs, folder / "duckdb", root=folder)
    yield blobs, index
    asyncio.run(index.close())


@given(jobs(), st.lists(filters, min_size=1, max_size=3), st.integers(1, 5))
@settings(deadline=None, max_examples=25)
def test_pages_put_together_are_what_a_plain_reading_finds(
    opened: tuple[LocalBlobs, DuckIndex], made: Made, asked: list[RecordFilter], most: int
) -> None:
    blobs, index = opened

    async def check() -> None:
        shown = await show_rows(blobs, made.batches, made.withdrawn, SHARDS)
        name = index_name(shown.job, shown.manifest)
        await blobs.delete(name)
        live = [await page_all(index, shown, wanted, most) for wanted in asked]
        assert await write_index(blobs, shown.job, shown.manifest) == name
        indexed = [await page_all(index, shown, wanted, most) for wanted in asked]
        expected = [plainly(made, wanted) for wanted in asked]
        assert live == expected
        assert indexed == expected

    asyncio.run(check())
