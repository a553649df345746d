"""Exports hold the records, whole or not at all, with one type a column where a format wants one."""

import asyncio
import csv
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gristmill.datasets import Exported, Format, export_records
from gristmill.domain.ids import Digest
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.record import Row
from gristmill.errors import BadInputError, StorageFullError
from support.limits import no_file_beyond
from support.rows import a_row

FORMATS: tuple[Format, ...] = ("jsonl", "csv", "parquet")


async def rows_of(records: Sequence[JsonObject]) -> AsyncIterator[Row]:
    for slot, record in enumerate(records):
        yield a_row(slot, record=record)


def export(
    path: Path, fmt: Format, records: Sequence[JsonObject], fields: Sequence[str] = ("a",), *, lineage: bool = False
) -> Exported:
    return asyncio.run(export_records(rows_of(records), fmt, path, fields=fields, lineage=lineage))


def column(tmp_path: Path, *values: Json) -> tuple[pa.DataType, list[object]]:
    """The type and the values of a Parquet column that these values become."""
    export(tmp_path / "x.parquet", "parquet", [{"a": value} for value in values])
    table = pq.read_table(tmp_path / "x.parquet")
    return table.schema.field("a").type, table["a"].to_pylist()


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_export_is_counted_and_named_by_its_bytes(tmp_path: Path, fmt: Format) -> None:
    path = tmp_path / "out" / f"dataset.{fmt}"
    exported = export(path, fmt, [{"a": i} for i in range(1000)])

    assert exported == Exported(path=path, records=1000, sha256=Digest(hashlib.sha256(path.read_bytes()).hexdigest()))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_export_replaces_an_older_one_only_when_it_is_whole(tmp_path: Path, fmt: Format) -> None:
    path = tmp_path / "dataset"
    path.write_text("older")

    async def broken() -> AsyncIterator[Row]:
        yield a_row(0, record={"a": 1})
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        asyncio.run(export_records(broken(), fmt, path, fields=["a"], lineage=False))
    assert path.read_text() == "older"
    with no_file_beyond(4000), pytest.raises(StorageFullError):
        export(path, fmt, [{"a": str(i)} for i in range(20_000)])
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]

    export(path, fmt, [{"a": 1}])
    assert path.read_bytes() != b"older"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInputError, match="Choose another folder"):
        export(tmp_path / "file" / "dataset.jsonl", "jsonl", [])


def test_json_lines_keep_the_recipe_s_order_and_every_value(tmp_path: Path) -> None:
    records: list[JsonObject] = [
        {"a": [1, {"z": None, "b": 2.5}], "b": "é\n"},
        {"b": 2**70, "a": True},
        {"a": "\ud800"},
    ]
    export(tmp_path / "x", "jsonl", records, ["b", "a"])
    lines = (tmp_path / "x").read_text().splitlines()

    assert [json.loads(line) for line in lines] == records
    assert list(json.loads(lines[0])) == list(json.loads(lines[1])) == ["b", "a"]
    assert all(line.startswith("{") for line in lines)


def test_csv_holds_text_as_it_is_and_everything_else_as_json(tmp_path: Path) -> None:
    records: list[JsonObject] = [
        {"a": 'x, "y"\r\nz', "b": [1, "é"], "c": None},
        {"a": "=1+1", "b": {"k": True}, "c": 2**70},
        {"a": "", "b": 1.5, "c": False},
    ]
    export(tmp_path / "x", "csv", records, ["a", "b", "c"])
    with (tmp_path / "x").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))

    assert lines == [
        ["a", "b", "c"],
        ['x, "y"\r\nz', '[1,"é"]', ""],
        ["=1+1", '{"k":true}', str(2**70)],
        ["", "1.5", "false"],
    ]


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_records_make_a_file_with_the_columns_alone(tmp_path: Path, fmt: Format) -> None:
    assert export(tmp_path / "x", fmt, [], ["a", "b"]).records == 0
    match fmt:
        case "jsonl":
            assert (tmp_path / "x").read_bytes() == b""
        case "csv":
            assert (tmp_path / "x").read_text() == "a,b\n"
        case "parquet":
            assert pq.read_schema(tmp_path / "x").names == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "kind", "held"),
    [
        ((1, None, 3), pa.int64(), [1, None, 3]),
        ((1, 2.5), pa.float64(), [1.0, 2.5]),
        ((True, None), pa.bool_(), [True, None]),
        (("x", None), pa.string(), ["x", None]),
        ((None, None), pa.string(), [None, None]),
        ((2**62, 5), pa.int64(), [2**62, 5]),
        ((2**62, 0.5), pa.string(), [str(2**62), "0.5"]),
        ((2**64, 5), pa.string(), [str(2**64), "5"]),
        ((True, 1), pa.string(), ["true", "1"]),
        ((1, "1"), pa.string(), ["1", '"1"']),
        (([1], [], None), pa.list_(pa.int64()), [[1], [], None]),
        (([1, 2.5], [3]), pa.list_(pa.float64()), [[1.0, 2.5], [3.0]]),
        (([1], ["x"]), pa.list_(pa.string()), [["1"], ['"x"']]),
        (([1], {"k": 1}), pa.string(), ["[1]", '{"k":1}']),
        (
            ({"k": 1}, {"l": ["x"], "k": 0.5}),
            pa.struct([("k", pa.float64()), ("l", pa.list_(pa.string()))]),
            [{"k": 1.0, "l": None}, {"k": 0.5, "l": ["x"]}],
        ),
        (({}, {}), pa.string(), ["{}", "{}"]),
        (({"k": {}},), pa.struct([("k", pa.string())]), [{"k": "{}"}]),
        (("\ud800", "x"), pa.string(), ["\ufffd", "x"]),
    ],
)
def test_a_parquet_column_has_the_least_type_that_holds_its_values(
    tmp_path: Path, values: tuple[Json, ...], kind: pa.DataType, held: list[object]
) -> None:
    found, back = column(tmp_path, *values)

    assert found.equals(kind)
    assert back == held


def test_what_is_nested_too_deep_or_has_too_many_names_becomes_json(tmp_path: Path) -> None:
    deep: Json = "x"
    for _ in range(40):
        deep = [deep]
    wide: JsonObject = {f"k{i}": i for i in range(300)}

    _, (back,) = column(tmp_path, deep)
    for _ in range(16):
        assert isinstance(back, list)
        (back,) = back
    assert json.loads(str(back)) is not None
    assert column(tmp_path, wide) == (pa.string(), [json.dumps(wide, separators=(",", ":"))])


def test_a_type_found_in_the_last_record_holds_from_the_first(tmp_path: Path) -> None:
    kind, back = column(tmp_path, *range(2000), "x")

    assert kind == pa.string()
    assert back[:2] == ["0", "1"]
    assert back[-1] == '"x"'


@pytest.mark.parametrize("fmt", FORMATS)
def test_lineage_tells_how_a_record_was_made(tmp_path: Path, fmt: Format) -> None:
    path = tmp_path / "x"
    export(path, fmt, [{"a": 1}], ["a"], lineage=True)
    match fmt:
        case "jsonl":
            lineage = json.loads(path.read_text())["_lineage"]
        case "csv":
            with path.open(newline="", encoding="utf-8") as file:
                lineage = json.loads(next(csv.DictReader(file))["_lineage"])
        case "parquet":
            lineage = json.loads(pq.read_table(path)["_lineage"][0].as_py())

    assert (lineage["slot"], lineage["attempt"], lineage["seed_row"]) == (0, 0, 0)
    assert lineage["values"] == {"tone": "terse"}
    (call,) = lineage["calls"]
    assert (call["step"], call["reply"], call["cost_usd"]) == ("answer", "Yes.", "0.000001234")
    assert lineage["checks"] == [{"check": "expect", "passed": True, "value": 1.0, "words": ""}]
