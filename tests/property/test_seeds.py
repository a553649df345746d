"""A seed set is its rows, whatever file they came in."""

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from gristmill.datasets.seedcheck import Tally, good_rows
from gristmill.datasets.seedfiles import PLAIN_READING
from gristmill.domain.ids import Digest
from gristmill.domain.json import digest_of

VALUE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
# A header is looked at for what it is parted by, and a file for being JSON.
NAME = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    names = draw(st.lists(NAME, min_size=2, max_size=4, unique=True))
    return draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, VALUE)), min_size=1, max_size=5))


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return bytes(sink.getvalue().to_pybytes())


def separated(rows: list[dict[str, str]], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([list(rows[0]), *([row[name] for name in rows[0]] for row in rows)])
    return text.getvalue().encode()


def files(rows: list[dict[str, str]]) -> dict[str, bytes]:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    parquet = io.BytesIO()
    pq.write_table(pa.table(columns), parquet)
    return {
        "a.json": json.dumps(rows, indent=1).encode(),
        "b.json": json.dumps(columns, ensure_ascii=False).encode("utf-16"),
        "c.json": json.dumps({"data": rows}).encode(),
        "a.jsonl": lines.encode(),
        "a.jsonl.gz": gzip.compress(lines.encode()),
        "a.csv": separated(rows, ","),
        "b.csv": b"\xef\xbb\xbf" + separated(rows, ";"),
        "a.csv.zst": zstd(separated(rows, "\t")),
        "a.tsv": separated(rows, "\t"),
        "a.parquet": parquet.getvalue(),
    }


def digest(folder: Path, name: str, content: bytes) -> Digest:
    """What `store_seeds` names such rows by."""
    (folder / name).write_bytes(content)
    return digest_of([good.row for good in good_rows(folder / name, PLAIN_READING, Tally())])


@settings(max_examples=25)
@given(tables())
def test_the_same_rows_in_any_format_are_the_same_seeds(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        digests = {name: digest(Path(folder), name, content) for name, content in files(rows).items()}

    assert digests == dict.fromkeys(digests, digest_of([dict(row) for row in rows]))
