"""Files as people have them: compressed, marked, mislabelled, damaged, ragged; each is read, or told what to do."""

import codecs
import datetime as dt
import gzip
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gristmill.datasets.seedcheck import Tally, good_rows
from gristmill.datasets.seedfiles import PLAIN_READING, SeedReading, json_text, opening, rows
from gristmill.errors import InvalidSeedsError

GREETINGS = [{"a": "grüß dich"}, {"a": "日本 🎈"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in GREETINGS)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, reading: SeedReading = PLAIN_READING) -> list[Mapping[str, Any]]:
    tally = Tally()
    found = [good.row for good in good_rows(path, reading, tally)]
    assert tally.listed == []
    return found


def complaints(path: Path, reading: SeedReading = PLAIN_READING) -> list[str]:
    """The findings of rows, and after them the sentence that ended the reading, if one did."""
    tally = Tally()
    try:
        list(good_rows(path, reading, tally))
    except InvalidSeedsError as error:
        return [*map(str, error.findings), str(error)]
    return list(map(str, tally.listed))


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return bytes(sink.getvalue().to_pybytes())


COMPRESSIONS = pytest.mark.parametrize("compress", [gzip.compress, zstd])


@COMPRESSIONS
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.JSONL.GZ"])
def test_compression_is_seen_by_content_whatever_the_name_says(
    tmp_path: Path, compress: Callable[[bytes], bytes], name: str
) -> None:
    assert read(write(tmp_path, name, compress(LINES.encode()))) == GREETINGS
    assert read(write(tmp_path, name, compress(b"\xef\xbb\xbf" + LINES.encode()) + compress(b'{"a":"3"}'))) == [
        *GREETINGS,
        {"a": "3"},
    ]
    assert read(write(tmp_path, name, LINES)) == GREETINGS


@COMPRESSIONS
def test_a_compressed_file_that_is_cut_short_or_damaged_is_told_so(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(b"".join(b'{"a":"%d"}\n' % (i * i) for i in range(20_000)))
    for content in (whole[:-5], whole[: len(whole) // 2], whole[:300] + b"\x55" * 300, whole + b"trailing"):
        found = complaints(write(tmp_path, "a.jsonl.gz", content))
        assert "is compressed and cut short or damaged" in found[-1]
        assert "Copy or compress it again." in found[-1]


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.encode("utf-32"),
    ],
)
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, content: bytes) -> None:
    assert read(write(tmp_path, "a.jsonl", content)) == GREETINGS
    assert read(write(tmp_path, "a.jsonl", content), SeedReading(encoding="cp1252")) == GREETINGS


def test_an_encoding_without_a_mark_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "größe\nweiß\n".encode("cp1252"))

    assert read(path, SeedReading(encoding="cp1252")) == [{"größe": "weiß"}]
    assert "not text in ascii" in complaints(path, SeedReading(encoding="ascii"))[-1]
    for encoding in ("utf-16-le", "utf-16-be"):
        wide = write(tmp_path, "b.csv", "a,b\n1,2\n".encode(encoding))
        assert f"name its encoding: {encoding}" in complaints(wide)[-1]
        assert read(wide, SeedReading(encoding=encoding)) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"a,b\n1,2\n3,caf\xe9\n5,6\n\xff,8\n"),
        ("a.jsonl", b'{"a":"1","b":"2"}\n{"a":"3","b":"caf\xe9"}\n{"a":"5","b":"6"}\n{"a":"\xff","b":"8"}\n'),
        ("a.json", b'[{"a":"1","b":"2"},{"a":"3","b":"caf\xe9"},{"a":"5","b":"6"},{"a":"\xff","b":"8"}]'),
    ],
)
def test_bytes_that_are_not_utf8_cost_their_rows_alone(tmp_path: Path, name: str, content: bytes) -> None:
    hint = "Save the file as UTF-8, or name its encoding, such as cp1252."
    assert complaints(write(tmp_path, name, content)) == [
        f"b: row 2 has the byte 0xE9, which is not UTF-8. {hint}",
        f"a: row 4 has the byte 0xFF, which is not UTF-8. {hint}",
    ]


def test_a_header_that_is_not_utf8_is_told_so(tmp_path: Path) -> None:
    [words] = complaints(write(tmp_path, "a.csv", b"a,gr\xf6\xdfe\n1,2\n"))

    assert "the name of column 2 has the byte 0xF6, which is not UTF-8" in words


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a;b\n1,5;2\n", {"a": "1,5", "b": "2"}),
        ("a\tb\n1,5\t2;3\n", {"a": "1,5", "b": "2;3"}),
        ('"a;x",b\n1,2\n', {"a;x": "1", "b": "2"}),
        ("a,b;c\n1,2\n", {"a": "1", "b;c": "2"}),
        ("a\rb\r", {"a": "b"}),
        ("\n\r\na,b\r\n1,2\r\n", {"a": "1", "b": "2"}),
        ('a,b\n"x\ny ""z""\r\n",007\n', {"a": 'x\ny "z"\r\n', "b": "007"}),
        ("a,b\n,\n", {"a": "", "b": ""}),
    ],
)
def test_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, content: str, expected: Mapping[str, str]) -> None:
    assert read(write(tmp_path, "a.csv", content)) == [expected]


def test_ragged_and_misquoted_rows_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    content = 'a,b\n1,2\n\n1\n"x\ny",2,3\n"p"q,2\nn\0,2\n5,6\n7,"open\n8,9\n'
    path = write(tmp_path, "a.csv", content)
    tally = Tally()
    hint = "Put a value that holds the delimiter in double quotes."

    assert [good.row for good in good_rows(path, PLAIN_READING, tally)] == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]
    assert tally.words == "5 of 7 rows cannot be used."
    assert list(map(str, tally.listed)) == [
        "4:0: b: row 2 has 1 value where the header names 2: none for 'b'.",
        f"5:0: row 3 has 3 values where the header names 2: value 3 has no column. {hint}",
        "7:0: row 4 is not CSV: ',' expected after '\"'. Double a quote that stands within quotes.",
        "a: row 5 has a NUL character (U+0000).",
        "10:0: row 7 opens a quote that is never closed (lines 10 to 11).",
    ]


def test_a_huge_value_costs_its_row_alone(tmp_path: Path) -> None:
    huge = "x" * (rows.MOST_ROW + 10)
    table = complaints(write(tmp_path, "a.csv", f"a\n1\n{huge}\n2\n"))
    lines = complaints(write(tmp_path, "a.jsonl", f'{{"a":1}}\n{{"a":"{huge}"}}\n{{"a":2}}\n7'))

    assert table == ["3:0: row 2 has a value of more than 16,777,216 characters; perhaps a quote is left open."]
    assert lines == [
        "2:0: row 2 is longer than 16,777,216 characters.",
        "4:0: row 4 is a number; a seed is an object with named fields.",
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.md", b"# Only\n\n## headings\n", "has no rows"),
        ("a.csv", b'[{"a":1}]', "holds JSON: name it .jsonl when"),
        ("a.csv", b'{"a":1}\n{"a":2}\n', "holds JSON: name it .jsonl when"),
        ("a.jsonl", b'[\n{"a":1}]', "Name a file that holds one JSON array .json."),
        ("a.json", b'{"a":[1]}\n{"a":[2]}', "name the file .jsonl"),
        ("a.json", b'{"a":[1],"a":[2]}', ":1:14: the column 'a' is there twice"),
        ("a.json", b'{"a":[1] "b":[2]}', ":1:10: neither a comma"),
        ("a.json", b'{"a" [1]}', ":1:6: a colon was expected"),
        ("a.json", b"{a:[1]}", ":1:2: a column's name"),
        ("a.json", b'[{"a":1},\n  {"a":tru}]', ":2:8: row 2 cannot be read as JSON"),
        ("a.jsonl", b"PAR1....", "is Parquet: name it .parquet"),
        ("a.parquet", b'{"a":1}', "cannot be read as Parquet"),
        ("a.csv", b"PK\x03\x04....", "Excel file: save the sheet as CSV"),
        ("a.txt", b"%PDF-1.7", "is a PDF: save its text"),
        ("a.jsonl.gz", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "is compressed twice"),
        ("a.jsonl.xz", b"\xfd7zXZ\x00..", "ends in .json"),
        ("a.jsonl", b"\xfd7zXZ\x00..", "is compressed with xz"),
    ],
)
def test_what_a_file_is_not_is_said_with_what_to_do(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    assert any(words in found for found in complaints(write(tmp_path, name, content)))


def test_a_broken_array_names_the_place_and_the_bad_rows_before_it(tmp_path: Path) -> None:
    found = complaints(write(tmp_path, "a.json", '[\n7,\n{"a":' + "9" * 5000 + '},\n{"a":1}\n{"a":2}]'))

    assert found[:2] == [
        "row 1 is a number; a seed is an object with named fields.",
        "row 2 cannot be read as JSON: it has a number of more than 4,300 digits.",
    ]
    assert ":5:1: after row 3 there is neither a comma nor the array's end. Before it, 2 of 3 rows" in found[-1]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 50])
def test_json_is_read_the_same_in_whatever_pieces_it_comes(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_text, "PIECE", piece)
    value = [{"a": -1.5e3, "b": [True, None, 'x"\\\u1234']}, {"a": 12345, "b": {"c": {}}}, {"a": 0, "b": "é" * 30}]

    assert read(write(tmp_path, "a.json", json.dumps(value, indent=2))) == value
    columns = {"a": [row["a"] for row in value], "b": [row["b"] for row in value]}
    assert read(write(tmp_path, "a.json", json.dumps(columns))) == value
    [broken] = complaints(write(tmp_path, "a.json", '[{"a":1},\n\n {"a" 2}]'))
    assert ":3:7: row 2" in broken


def test_an_object_of_arrays_may_hold_more_than_is_read_of_a_column_at_once(tmp_path: Path) -> None:
    columns = {"n": list(range(3000)), "text": ["x" * (i % 50) for i in range(3000)], "o": [{"k": None}] * 3000}
    found = read(write(tmp_path, "a.json", json.dumps(columns)))

    assert len(found) == 3000
    assert found[2999] == {"n": 2999, "text": "x" * 49, "o": {"k": None}}


def test_what_is_nested_too_deep_costs_its_row_alone(tmp_path: Path) -> None:
    def deep(levels: int) -> str:
        return '{"a":' + "[" * levels + "]" * levels + "}\n"

    assert complaints(write(tmp_path, "a.jsonl", deep(199) + deep(200) + deep(900) + deep(100_000) + '{"a":1}')) == [
        "row 2 is nested deeper than 200 levels.",
        "row 3 is nested deeper than 200 levels.",
        "4:0: row 4 cannot be read as JSON: it is nested too deep.",
    ]


def parquet(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "a.parquet", row_group_size=100)
    return folder / "a.parquet"


def test_every_parquet_type_with_a_json_form_is_read(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
    table = pa.table(
        {
            "ns": pa.array([1_000_000_001], pa.timestamp("ns")),
            "tz": pa.array([moment], pa.timestamp("us", "UTC")),
            "day": pa.array([dt.date(2026, 1, 2)]),
            "time": pa.array([dt.time(1, 2, 3)], pa.time64("ns")),
            "cost": pa.array([Decimal("-1.50")]),
            "kind": pa.array(["x"]).dictionary_encode(),
            "big": pa.array(["y"], pa.large_string()),
            "half": pa.array([0.5], pa.float16()),
            "map": pa.array([[("k", [moment])]], pa.map_(pa.string(), pa.list_(pa.timestamp("ns", "UTC")))),
            "deep": pa.array([[{"a": {"b": dt.date(2026, 1, 2)}}]]),
            "none": pa.nulls(1),
        }
    )
    assert read(parquet(tmp_path, table)) == [
        {
            "ns": "1970-01-01T00:00:01",
            "tz": "2026-01-02T03:04:05.678901+00:00",
            "day": "2026-01-02",
            "time": "01:02:03",
            "cost": "-1.50",
            "kind": "x",
            "big": "y",
            "half": 0.5,
            "map": {"k": ["2026-01-02T03:04:05.678901+00:00"]},
            "deep": [{"a": {"b": "2026-01-02"}}],
            "none": None,
        }
    ]


def test_parquet_values_that_cannot_be_read_are_named_by_row_and_column(tmp_path: Path) -> None:
    count = 600
    table = pa.table(
        {
            "x": [math.nan if i == 2 else math.inf if i == 599 else 1.0 for i in range(count)],
            "at": pa.array([1 << 60 if i == 300 else 0 for i in range(count)], pa.timestamp("ms")),
        }
    )
    found = complaints(parquet(tmp_path, table))

    assert len(found) == 3
    assert found[0] == "x: row 3 has a number that JSON does not know (NaN or Infinity)."
    assert found[1].startswith("at: row 301 has a value that cannot be read: ")
    assert found[2].startswith("x: row 600 has a number")


def test_a_damaged_parquet_file_is_told_so(tmp_path: Path) -> None:
    whole = parquet(tmp_path, pa.table({"a": [str(i) for i in range(5000)]})).read_bytes()

    for content in (whole[:-8], whole[:200], whole[:50] + b"\x00" * 100 + whole[150:]):
        assert "cannot be read as Parquet" in complaints(write(tmp_path, "b.parquet", content))[-1]


def test_a_file_that_may_not_be_read_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = write(tmp_path, "a.csv", "a\n1\n")
    # Who runs the tests may be allowed everything.
    monkeypatch.setattr(Path, "open", refuse)

    assert complaints(path) == [f"{path} may not be read. Allow it, or copy it elsewhere."]


def test_lines_beyond_the_longest_row_are_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "x" * (2 * rows.MOST_ROW + 5) + "\nnext\n")
    with opening.open_text(path, PLAIN_READING) as text:
        lines = list(opening.lines_of(text))

    assert [len(line) for line in lines] == [rows.MOST_ROW + 1, 5]
