"""Whatever the rows are, segments give them back, and independent readers find in exports what was put in."""

import asyncio
import csv
import io
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from gristmill.datasets import Format, decode_segment, encode_segment, export_records
from gristmill.domain.call import Call, Place
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.money import NanoUsd
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.usage import Usage
from support.rows import a_row

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ANY_TEXT = st.text(max_size=20)
COUNT = st.integers(0, 2**62)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
    )


def objects(text: st.SearchStrategy[str]) -> st.SearchStrategy[JsonObject]:
    return st.dictionaries(text, values(text), max_size=4)


@st.composite
def calls(draw: st.DrawFn, slot: int, attempt: int) -> Call:
    return Call(
        place=Place(slot=Slot(slot), attempt=attempt, step=draw(TEXT), repair=draw(st.integers(0, 5))),
        kind=draw(st.sampled_from(["call", "repair", "judge"])),
        model=ModelName(draw(TEXT)),
        prompt=draw(TEXT),
        reply=draw(st.none() | TEXT),
        finish_reason=draw(TEXT),
        usage=draw(st.builds(Usage, input=COUNT, output=COUNT, cached=COUNT, cache_written=COUNT, reasoning=COUNT)),
        cost=NanoUsd(draw(COUNT)),
        certainty=draw(st.sampled_from(["billed", "presumed", "lost"])),
        price_table=draw(TEXT),
        milliseconds=draw(COUNT),
        at=draw(MOMENT),
        entry=draw(st.booleans()),
    )


@st.composite
def rows(draw: st.DrawFn) -> Row:
    slot, attempt = draw(COUNT), draw(st.integers(0, 1000))
    checks = st.builds(
        CheckResult, check=TEXT, passed=st.booleans(), value=st.none() | st.floats(allow_nan=False), words=TEXT
    )
    return Row(
        slot=Slot(slot),
        attempt=attempt,
        seed_row=draw(st.none() | COUNT),
        values=draw(objects(ANY_TEXT)),
        record=draw(st.none() | objects(ANY_TEXT)),
        calls=tuple(draw(st.lists(calls(slot, attempt), max_size=3))),
        checks=tuple(draw(st.lists(checks, max_size=2))),
        fingerprints=tuple(draw(st.lists(st.integers(0, 2**64 - 1), max_size=2))),
        reason=draw(st.none() | TEXT),
        detail=draw(TEXT),
        finished_at=draw(MOMENT),
    )


@given(st.lists(rows(), max_size=5))
def test_a_segment_gives_back_what_was_put_in(given_rows: list[Row]) -> None:
    assert decode_segment(encode_segment(given_rows, Digest("recipe"))) == given_rows


def exported(records: Sequence[JsonObject], fmt: Format) -> bytes:
    async def stream() -> AsyncIterator[Row]:
        for slot, record in enumerate(records):
            yield a_row(slot, record=record)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dataset"
        asyncio.run(export_records(stream(), fmt, path, fields=["a", "b"], lineage=False))
        return path.read_bytes()


RECORDS = st.lists(st.fixed_dictionaries({"a": values(TEXT), "b": values(TEXT)}), max_size=5)


@given(RECORDS)
def test_json_lines_are_read_back_by_any_json_reader(records: list[JsonObject]) -> None:
    lines = exported(records, "jsonl").decode().split("\n")[:-1]

    assert [json.loads(line) for line in lines] == records


@given(RECORDS)
def test_csv_is_read_back_by_any_csv_reader(records: list[JsonObject]) -> None:
    lines = list(csv.reader(io.StringIO(exported(records, "csv").decode(), newline="")))

    assert lines[0] == ["a", "b"]
    for line, record in zip(lines[1:], records, strict=True):
        for cell, value in zip(line, (record["a"], record["b"]), strict=True):
            match value:
                case None:
                    assert cell == ""
                case str():
                    assert cell == value
                case _:
                    assert json.loads(cell) == value


@given(RECORDS)
def test_parquet_holds_any_records_and_means_the_same(records: list[JsonObject]) -> None:
    table = pq.read_table(io.BytesIO(exported(records, "parquet")))

    assert table.column_names == ["a", "b"]
    for found, record in zip(table.to_pylist(), records, strict=True):
        for name in ("a", "b"):
            assert means(found[name], record[name])


def means(found: object, value: Json) -> bool:
    """Whether a cell is the value, or the JSON of it, or the object with the other records' names as nulls."""
    match value:
        case dict() if isinstance(found, dict):
            return all(means(found.get(name), value.get(name)) for name in {*found, *value})
        case list() if isinstance(found, list):
            return len(found) == len(value) and all(map(means, found, value))
        case str() if found == value:
            return True
        case _ if isinstance(found, str):
            return bool(json.loads(found) == value)
        case _:
            return bool(found == value)
