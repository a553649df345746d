"""The huggingface export: a folder that `datasets` opens with its splits, and a memory that does not grow."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from gristmill.datasets import Exported, FolderFacts, Splits, export_folder
from gristmill.datasets.formats import folder as folder_module
from gristmill.domain.json import JsonObject
from gristmill.domain.record import Row
from gristmill.errors import BadInputError
from support.child import start_python
from support.rows import a_row

HALVES = Splits(shares={"train": 0.5, "test": 0.5})
CARD = "---\nconfigs:\n- config_name: default\n  data_files:\n"


def card(facts: FolderFacts) -> str:
    files = "".join(f"  - split: {name}\n    path: data/{name}-*\n" for name in facts.splits)
    return f"{CARD}{files}---\n"


async def rows_of(records: Sequence[JsonObject]) -> AsyncIterator[Row]:
    for slot, record in enumerate(records):
        yield a_row(slot, record=record)


def export(folder: Path, records: Sequence[JsonObject], splits: Splits = HALVES, **more: Any) -> Exported:
    fields = tuple(dict.fromkeys(name for record in records for name in record)) or ("a",)
    return asyncio.run(export_folder(rows_of(records), folder, fields=fields, splits=splits, card=card, **more))


def load(folder: Path, tmp_path: Path) -> Any:
    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_record_comes_back_in_its_split(tmp_path: Path) -> None:
    records: list[JsonObject] = [
        {"n": i, "messages": [{"role": "user", "content": f"Why {i}?"}], "note": None if i else "first"}
        for i in range(40)
    ]
    exported = export(tmp_path / "out", records)
    back = load(tmp_path / "out", tmp_path)

    assert exported.records == 40
    assert set(back) == {"train", "test"}
    for split in back:
        assert [HALVES.of(row["n"]) for row in back[split]] == [split] * len(back[split])
    assert sorted((row for split in back.values() for row in split), key=lambda row: row["n"]) == records


def test_a_split_that_got_no_record_is_left_out_because_datasets_opens_none(tmp_path: Path) -> None:
    splits = Splits(shares={"train": 0.999999, "test": 0.000001})
    export(tmp_path / "out", [{"a": 1}], splits)
    back = load(tmp_path / "out", tmp_path)

    assert {split: len(rows) for split, rows in back.items()} == {"train": 1}


def test_no_records_make_a_folder_with_the_columns_alone(tmp_path: Path) -> None:
    assert export(tmp_path / "out", []).records == 0
    assert pq.read_schema(tmp_path / "out" / "data" / "train-00000-of-00001.parquet").names == ["a"]


def test_a_large_split_is_cut_into_numbered_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "SHARD_BYTES", 5 << 20)
    export(tmp_path / "out", [{"a": "x" * 10_000, "n": i} for i in range(2000)], Splits())
    back = load(tmp_path / "out", tmp_path)

    assert names(tmp_path / "out") == ["README.md", *(f"data/train-0000{i}-of-00003.parquet" for i in range(3))]
    assert back["train"]["n"][:] == list(range(2000))


def test_the_digest_is_of_what_sha256sum_prints(tmp_path: Path) -> None:
    exported = export(tmp_path / "out", [{"a": 1}], Splits())
    files = ("README.md", "data/train-00000-of-00001.parquet")
    lines = [f"{hashlib.sha256((tmp_path / 'out' / name).read_bytes()).hexdigest()}  {name}\n" for name in files]

    assert exported.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_an_older_export_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    export(tmp_path / "out", [{"a": 1}])
    (tmp_path / "out" / "LICENSE").write_text("mine")
    export(tmp_path / "out", [{"a": 2}], Splits())

    assert names(tmp_path / "out") == ["LICENSE", "README.md", "data/train-00000-of-00001.parquet"]


def test_an_export_that_breaks_leaves_the_older_one(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[Row]:
        yield a_row(0, record={"a": 2})
        raise RuntimeError("the source broke")

    export(tmp_path / "out", [{"a": 1}], Splits())
    before = {name: (tmp_path / "out" / name).read_bytes() for name in names(tmp_path / "out")}
    with pytest.raises(RuntimeError, match="the source broke"):
        asyncio.run(export_folder(broken(), tmp_path / "out", fields=["a"], splits=HALVES, card=card))

    assert {name: (tmp_path / "out" / name).read_bytes() for name in names(tmp_path / "out")} == before


def test_data_that_no_export_wrote_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "out" / "data").mkdir(parents=True)
    (tmp_path / "out" / "data" / "thesis.txt").write_text("years of work")

    with pytest.raises(BadInputError, match=r"thesis.txt was not written by an export. Choose another folder"):
        export(tmp_path / "out", [{"a": 1}])
    assert names(tmp_path / "out") == ["data/thesis.txt"]


def test_a_card_is_told_lengths_and_labels(tmp_path: Path) -> None:
    told: list[FolderFacts] = []

    def listen(facts: FolderFacts) -> str:
        told.append(facts)
        return ""

    records: list[JsonObject] = [
        {"text": "x" * (i + 1), "label": "ab"[i % 4 == 0], "many": f"{i}", "ok": i > 50} for i in range(100)
    ]
    fields = ["text", "label", "many", "ok"]
    asyncio.run(export_folder(rows_of(records), tmp_path / "out", fields=fields, splits=Splits(), card=listen))
    (facts,) = told
    lengths = dict(facts.statistics.lengths())

    assert list(lengths) == ["text", "label", "many"]
    text = lengths["text"]
    assert (text.count, text.least, text.median, text.p95, text.most) == (100, 1, 50, 95, 100)
    assert dict(facts.statistics.labels()) == {
        "label": [("a", 75), ("b", 25)],
        "ok": [("false", 51), ("true", 49)],
    }


SCRIPT = """
import asyncio, resource, sys
from pathlib import Path
from gristmill.datasets import Splits, export_folder
from support.rows import a_row

async def rows(count):
    for i in range(count):
        yield a_row(i, record={"question": f"Why {i}? " + "x" * (i % 500), "label": "ab"[i % 2]})

async def main(folder, count):
    splits = Splits(shares={"train": 0.9, "test": 0.1})
    card = lambda facts: str(dict(facts.statistics.lengths()))
    await export_folder(rows(count), folder, fields=["question", "label"], splits=splits, card=card)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def peak_mib(folder: Path, records: int) -> int:
    with start_python(SCRIPT, str(folder), str(records)) as (process, stdout):
        peak = int(stdout.readline())
        assert process.wait() == 0
    return peak


def test_a_folder_of_many_records_takes_no_more_memory_than_one_of_few(tmp_path: Path) -> None:
    few = peak_mib(tmp_path / "few", 2_000)
    many = peak_mib(tmp_path / "many", 50_000)

    assert many - few < 40
