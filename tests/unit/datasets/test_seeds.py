"""Seeds of every format become the same rows, and what is wrong with a file is said by row and column."""

import asyncio
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import SeedsReader, check_seeds, open_seeds, seeds_name, store_seeds
from gristmill.domain.json import JsonObject, digest_of
from gristmill.errors import InvalidSeedsError

ROWS: list[JsonObject] = [{"product": "lamp", "price": "10"}, {"product": "Stuhl, groß", "price": "2.5"}]


@dataclass(frozen=True)
class Needed:
    path: tuple[str, ...]
    line: int = 4
    column: int = 7


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def store(path: Path) -> list[JsonObject]:
    """The rows as they lie in the store, whose digest must be that of them."""
    blobs = LocalBlobs(path.parent / "blobs")
    stored = asyncio.run(store_seeds(path, blobs))
    with blobs.open(seeds_name(stored.digest)) as file:
        reader = SeedsReader(file)
        rows = [reader.row(i) for i in range(stored.rows)]
        assert list(reader) == rows
    assert stored.digest == digest_of(rows)
    return rows


def complaint(path: Path) -> InvalidSeedsError:
    with pytest.raises(InvalidSeedsError) as caught:
        store(path)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps({"product": [row["product"] for row in ROWS], "price": ["10", "2.5"]})),
        ("a.json", json.dumps({"rows": ROWS}, indent=2)),
        ("a.json", b"\xef\xbb\xbf" + json.dumps(ROWS, indent=1, ensure_ascii=False).encode()),
        ("a.jsonl", "\n\n".join(json.dumps(row) for row in ROWS)),
        ("a.NDJSON", "".join(json.dumps(row) + "\r\n" for row in ROWS)),
        ("a.csv", 'product,price\nlamp,10\n\n"Stuhl, groß",2.5\n'),
        ("a.csv", b"\xef\xbb\xbf" + 'product,price\r\nlamp,10\r\n"Stuhl, groß",2.5'.encode()),
        ("a.tsv", "product\tprice\nlamp\t10\nStuhl, groß\t2.5\n"),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert store(write(tmp_path, name, content)) == ROWS


def test_parquet_gives_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([dict(row) for row in ROWS]), path)

    assert store(path) == ROWS


def test_parquet_values_become_json(tmp_path: Path) -> None:
    row = {"day": dt.date(2026, 1, 2), "cost": Decimal("1.50"), "list": [{"a": 1}], "none": None}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([row]), path)

    assert store(path) == [{"day": "2026-01-02", "cost": "1.50", "list": [{"a": 1}], "none": None}]


def test_nested_values_and_large_numbers_are_kept_exactly(tmp_path: Path) -> None:
    row: JsonObject = {"a": {"b": [1, 2.5, None, True]}, "n": 2**70}

    assert store(write(tmp_path, "a.json", json.dumps([row]))) == [row]


def test_an_array_longer_than_what_is_read_at_once_is_read_whole(tmp_path: Path) -> None:
    rows: list[JsonObject] = [{"i": i, "text": "x" * (i % 7) * 3000} for i in range(1200)]
    rows[600] = {"text": "y" * 3_000_000}

    assert store(write(tmp_path, "a.json", json.dumps(rows))) == rows


def test_any_row_can_be_read_by_number(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", "".join(f'{{"i":{i}}}\n' for i in range(12_345)))
    blobs = LocalBlobs(tmp_path)
    stored = asyncio.run(store_seeds(path, blobs))
    with blobs.open(seeds_name(stored.digest)) as file:
        reader = SeedsReader(file)

        assert reader.rows == 12_345
        assert [reader.row(i)["i"] for i in (0, 999, 1000, 12_344, 5)] == [0, 999, 1000, 12_344, 5]
        for index in (-1, 12_345):
            with pytest.raises(IndexError):
                reader.row(index)


def test_rows_that_are_drawn_stay_in_memory_and_those_gone_through_in_turn_go(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", "".join(f'{{"i":{i},"text":"{"x" * 2000}"}}\n' for i in range(6_000)))
    blobs = LocalBlobs(tmp_path)
    digest = asyncio.run(store_seeds(path, blobs)).digest
    with open_seeds({"": digest, "drawn": digest}, blobs) as sets:
        for reader in sets.values():
            assert [reader.row(i)["i"] for i in range(0, 6_000, 500)] == list(range(0, 6_000, 500))
        assert [len(reader._kept) for reader in sets.values()] == [2, 6]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "", "has no rows"),
        ("a.json", "[]", "has no rows"),
        ("a.json", "{}", "has no rows"),
        ("a.jsonl", "\n\n", "has no rows"),
        ("a.csv", "", "has no rows"),
        ("a.csv", "a,b\n", "has no rows"),
        ("a.json", '"text"', "neither an array nor an object of arrays"),
        ("a.json", '[{"a":1}', "neither a comma nor the array's end"),
        ("a.json", '[{"a":1},', "row 2 cannot be read as JSON"),
        ("a.json", '[{"a":1},]', "row 2 cannot be read as JSON"),
        ("a.json", '[{"a":1} {"a":2}]', "after row 1"),
        ("a.json", '[{"a":1}] x', "after the array's end"),
        ("a.json", "[" * 100_000, "nested too deep"),
        ("a.json", '{"a":1}', "'a' is no array"),
        ("a.json", '{"a":[1],"b":[1,2]}', "differ in length"),
        ("a.json", '{"a":1}\n{"a":2}', "name the file .jsonl"),
        ("a.csv", "a,b,a\n1,2,3\n", "'a' is there twice"),
        ("a.csv", "a,,b\n1,2,3\n", "column 2 has no name"),
        ("a.parquet", b"no parquet", "cannot be read as Parquet"),
        ("a", "text", "ends in .json, .jsonl, .csv, .tsv, .parquet, .txt or .md"),
        ("a.log", "text", "ends in .json"),
    ],
)
def test_a_file_that_is_no_good_is_told_why(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    error = complaint(write(tmp_path, name, content))

    assert words in str(error)
    assert str(tmp_path / name) in str(error)
    assert not (tmp_path / "blobs").exists()


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    assert f"There is no seeds file {tmp_path / 'a.csv'}." in str(complaint(tmp_path / "a.csv"))
    (tmp_path / "b.csv").mkdir()
    assert "b.csv is a folder with no .txt or .md file" in str(complaint(tmp_path / "b.csv"))


@pytest.mark.parametrize(
    ("name", "content", "findings"),
    [
        ("a.jsonl", '{"a":1}\n{a:1}\n\n{"a":', ["2:2: row 2 is not JSON", "4:6: row 3 is not JSON"]),
        (
            "a.jsonl",
            '[1]\n"x"\n{"a":1}\nnull\n7',
            ["row 1 is an array", "row 2 is a string", "row 4 is null", "row 5 is a n"],
        ),
        ("a.json", '[{"a":1},7]', ["row 2 is a number"]),
        ("a.jsonl", '{"a":NaN}\n{"a":{"b":[1,1e999]}}\n{"a":"NaN"}', ["a: row 1 has a number", "a.b[1]: row 2 has a"]),
        ("a.jsonl", '{"a":"\\ud800"}', ["row 1 has text with half a character"]),
        ("a.jsonl", '{"a":' + "9" * 5000 + "}", ["row 1 cannot be read as JSON"]),
        ("a.csv", 'a,b\n1,2\n"x\ny",2,3\n4\n', ["3:0: row 2 has 3 values where", "5:0: b: row 3 has 1 value where"]),
    ],
)
def test_bad_rows_are_named_by_number_and_place(
    tmp_path: Path, name: str, content: str, findings: Sequence[str]
) -> None:
    error = complaint(write(tmp_path, name, content))

    assert len(error.findings) == len(findings)
    for finding, words in zip(error.findings, findings, strict=True):
        assert words in str(finding)


def test_parquet_columns_that_json_cannot_hold_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"ok": [1], "span": [dt.timedelta(1)], "deep": [[{"raw": b"x"}]]}), path)
    error = complaint(path)

    assert "2 of 3 columns cannot be used" in str(error)
    assert [str(finding) for finding in error.findings] == [
        "span: holds values of type duration[us], which JSON cannot hold. Write it as text, or leave the column out.",
        "deep: holds values of type binary, which JSON cannot hold. Write it as text, or leave the column out.",
    ]


def test_twenty_bad_rows_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    error = complaint(write(tmp_path, "a.jsonl", "7\n" * 5000 + '{"a":1}'))

    assert len(error.findings) == 20
    assert "5000 of 5001 rows" in str(error)


def findings_of(tmp_path: Path, rows: Sequence[JsonObject], *paths: str, limit: int = 20) -> list[str]:
    blobs = LocalBlobs(tmp_path)
    stored = asyncio.run(store_seeds(write(tmp_path, "a.json", json.dumps(rows)), blobs))
    with blobs.open(seeds_name(stored.digest)) as file:
        needed = [Needed(tuple(path.split("."))) for path in paths]
        return [str(finding) for finding in check_seeds(SeedsReader(file), needed, limit=limit)]


def test_rows_that_have_what_the_prompts_need_bring_no_finding(tmp_path: Path) -> None:
    assert findings_of(tmp_path, [{"a": {"b": None}}, {"a": {"b": 1}, "c": 2}], "a.b") == []
    assert findings_of(tmp_path, [{"a": 1}]) == []


def test_rows_that_lack_a_nested_field_are_listed_with_a_guess(tmp_path: Path) -> None:
    rows: list[JsonObject] = [
        {"author": {"biography": "x"}},
        {"author": {"biografy": "x"}},
        {"author": "x"},
        {"autor": {}},
    ]
    found = findings_of(tmp_path, rows, "author.biography")

    assert found == [
        "4:7: author.biography: seed row 2 has no 'author.biography'. Did you mean 'biografy'?",
        "4:7: author.biography: seed row 3 has no 'author.biography'.",
        "4:7: author.biography: seed row 4 has no 'author.biography'. Did you mean 'autor'?",
    ]


def test_an_element_that_lacks_a_field_is_named_by_its_number(tmp_path: Path) -> None:
    rows: list[JsonObject] = [
        {"parts": [{"of": [{"stuff": 1}]}, {"of": []}]},
        {"parts": []},
        {"parts": [{"of": [{"stuff": 1}]}, {"of": [{"stuff": 1}, {"stuf": 1}]}]},
        {"parts": [{}]},
        {"parts": "none"},
        {},
    ]

    assert findings_of(tmp_path, rows, "parts.[].of.[].stuff") == [
        "4:7: parts[].of[].stuff: seed row 3 has no 'parts[1].of[1].stuff'. Did you mean 'stuf'?",
        "4:7: parts[].of[].stuff: seed row 4 has no 'parts[0].of[].stuff'.",
        "4:7: parts[].of[].stuff: seed row 6 has no 'parts[].of[].stuff'.",
    ]


def test_past_the_limit_lacking_fields_are_counted(tmp_path: Path) -> None:
    found = findings_of(tmp_path, [{"a": 1}] * 50, "b", "a", limit=3)

    assert len(found) == 4
    assert "50 fields are missing in all; 3 are listed" in found[-1]
