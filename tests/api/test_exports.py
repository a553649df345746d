"""A job's records as files: each format, made at once or in the background, and downloaded whole or in parts."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from httpx2 import Response

from gristmill.jobs import export_files
from support.answers import check_forms
from support.api import problem
from support.milled import Milled
from support.stores import SqliteFile

SHAPE = {
    *(
        "id",
        "job",
        "format",
        "split",
        "partition_by",
        "lineage",
        "marks",
        "status",
        "detail",
        "name",
        "records",
        "bytes",
    ),
    *("sha256", "created_at", "finished_at"),
}


def export(milled: Milled, **wish: Any) -> Any:
    """The answer to a wish that must be granted at once."""
    made = milled.ann.post(f"/jobs/{milled.job}/exports", wish)
    assert made.status_code == 201, made.text
    shape = made.json()
    assert set(shape) == SHAPE
    assert check_forms(shape) == 2
    assert (shape["status"], shape["detail"], shape["job"]) == ("done", "", milled.job)
    return shape


def download(milled: Milled, shape: Any, **headers: str) -> Response:
    return milled.ann.get(f"/exports/{shape['id']}/download", headers=headers)


def content(milled: Milled, shape: Any) -> bytes:
    """The whole file, which must be what the export says it is."""
    whole = download(milled, shape)
    assert whole.status_code == 200
    assert len(whole.content) == shape["bytes"]
    assert hashlib.sha256(whole.content).hexdigest() == shape["sha256"]
    digest = base64.b64encode(bytes.fromhex(shape["sha256"])).decode()
    assert whole.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert whole.headers["content-disposition"] == f'attachment; filename="{shape["name"]}"'
    return whole.content


def unpacked(milled: Milled, shape: Any) -> dict[str, bytes]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(content(milled, shape))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def records(milled: Milled) -> list[Any]:
    listed = milled.ann.get(f"/jobs/{milled.job}/records?limit=200").json()["items"]
    return [item["record"] for item in listed]


def lines(text: bytes) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_hold_the_records_in_their_order(milled: Milled, records: list[Any]) -> None:
    shape = export(milled, format="jsonl")
    assert (shape["name"], shape["records"]) == ("dataset.jsonl", len(records))
    assert lines(content(milled, shape)) == records


def test_csv_and_parquet_hold_the_same_records(milled: Milled, records: list[Any]) -> None:
    text = content(milled, export(milled, format="csv")).decode()
    assert [row["question"] for row in csv.DictReader(io.StringIO(text))] == [one["question"] for one in records]
    table = pq.read_table(io.BytesIO(content(milled, export(milled, format="parquet"))))
    assert table.to_pylist() == records


@pytest.mark.parametrize(("fmt", "key"), [("openai-chat", "messages"), ("sharegpt", "conversations")])
def test_trainers_formats_are_made_as_the_template_says(milled: Milled, records: list[Any], fmt: str, key: str) -> None:
    made = lines(content(milled, export(milled, format=fmt)))
    said = [[*turn.values()] for turn in made[0][key]]
    assert [words for _, words in said] == [records[0]["tone"], records[0]["question"]]
    assert len(made) == len(records)


def test_a_huggingface_folder_is_one_archive(milled: Milled, records: list[Any]) -> None:
    shape = export(milled, format="huggingface", split={"train": 0.5, "test": 0.5})
    files = unpacked(milled, shape)
    assert shape["name"] == "reviews-huggingface.zip"
    assert any(name.endswith("README.md") for name in files)
    parts = [pq.read_table(io.BytesIO(part)) for name, part in files.items() if name.endswith(".parquet")]
    assert sum(part.num_rows for part in parts) == len(records)


def test_splits_are_files_which_have_each_record_once(milled: Milled, records: list[Any]) -> None:
    shape = export(milled, format="jsonl", split={"train": 0.8, "test": 0.2})
    files = unpacked(milled, shape)
    assert shape["split"] == {"train": 0.8, "test": 0.2}
    assert set(files) == {"dataset.train.jsonl", "dataset.test.jsonl"}
    every = [line for part in files.values() for line in lines(part)]
    assert sorted(map(str, every)) == sorted(map(str, records))


def test_parts_are_folders_by_the_value_of_a_field(milled: Milled, records: list[Any]) -> None:
    files = unpacked(milled, export(milled, format="jsonl", partition_by="tone"))
    assert set(files) == {"tone=formal/dataset.jsonl", "tone=terse/dataset.jsonl"}
    for name, part in files.items():
        assert lines(part) == [one for one in records if f"tone={one['tone']}/" in name]


def test_lineage_says_how_each_record_came_about(milled: Milled, records: list[Any]) -> None:
    made = lines(content(milled, export(milled, format="jsonl", lineage=True)))
    for line, record in zip(made, records, strict=True):
        lineage = line.pop("_lineage")
        assert line == record
        assert [call["kind"] for call in lineage["calls"]] == ["call", "judge"]
        assert check_forms(lineage)


UNFIT = [
    ({"format": "alpaca"}, "bad_input", "from which no convention makes alpaca"),
    ({"format": "dpo"}, "unfit_record", "rejected is empty"),
    ({"format": "jsonl", "split": {"train": 0.5}}, "bad_input", "add up to 0.5"),
    ({"format": "jsonl", "split": {"../up": 1}}, "bad_input", "no name for a split"),
    ({"format": "jsonl", "partition_by": "../up"}, "bad_input", "no field"),
    ({"format": "jsonl", "partition_by": "tone", "split": {"train": 1}}, "bad_input", "either"),
    ({"format": "xml"}, "invalid_request", "errors"),
    ({"format": "../jsonl"}, "invalid_request", "errors"),
    ({}, "invalid_request", "errors"),
    ({"format": "jsonl", "path": "/etc"}, "invalid_request", "errors"),
]


@pytest.mark.parametrize(("wish", "code", "words"), UNFIT, ids=lambda value: str(value)[:40])
def test_what_cannot_be_exported_so_is_refused_with_a_sentence(
    milled: Milled, wish: Any, code: str, words: str
) -> None:
    before = milled.ann.get(f"/jobs/{milled.job}/exports").json()
    assert words in problem(milled.ann.post(f"/jobs/{milled.job}/exports", wish), 422, code)["detail"]
    assert milled.ann.get(f"/jobs/{milled.job}/exports").json() == before


def test_a_part_of_a_file_is_downloaded(milled: Milled) -> None:
    shape = export(milled, format="jsonl")
    whole, size = content(milled, shape), shape["bytes"]
    for asked, first, last in (
        ("0-9", 0, 9),
        ("10-", 10, size - 1),
        ("-5", size - 5, size - 1),
        ("0-99999999", 0, size - 1),
    ):
        part = download(milled, shape, Range=f"bytes={asked}")
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole[first : last + 1]
    tag = download(milled, shape).headers["etag"]
    assert download(milled, shape, Range="bytes=0-9", **{"If-Range": tag}).status_code == 206
    assert download(milled, shape, Range="bytes=0-9", **{"If-Range": '"another"'}).status_code == 200


def test_a_part_that_is_not_there_is_refused(milled: Milled) -> None:
    shape = export(milled, format="jsonl")
    answer = download(milled, shape, Range=f"bytes={shape['bytes']}-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{shape['bytes']}")


def test_exports_are_listed_newest_first_and_are_their_owners(milled: Milled) -> None:
    job = milled.ordered()
    made = [milled.ann.made(f"/jobs/{job}/exports", {"format": fmt}) for fmt in ("jsonl", "csv")]
    listed = milled.ann.get(f"/jobs/{job}/exports").json()
    assert sorted(one["id"] for one in listed["items"]) == sorted(one["id"] for one in made)
    assert listed["next_cursor"] is None
    assert made[0]["records"] == 0
    problem(milled.bob.get(f"/exports/{made[0]['id']}/download"), 404, "not_found")
    problem(milled.bob.get(f"/jobs/{job}/exports"), 404, "not_found")
    problem(milled.bob.post(f"/jobs/{job}/exports", {"format": "jsonl"}), 404, "not_found")


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fetc%2fpasswd", "%00", "x" * 64])
def test_a_name_that_is_no_exports_is_not_found(milled: Milled, name: str) -> None:
    problem(milled.ann.get(f"/exports/{name}/download"), 404, "not_found")


def ended(milled: Milled, key: str) -> Any:
    """The export once it is made in the background."""
    while True:
        listed = milled.ann.get(f"/jobs/{milled.job}/exports").json()["items"]
        found = next(one for one in listed if one["id"] == key)
        if found["status"] in {"done", "failed"}:
            return found


def test_a_large_export_is_made_in_the_background_and_by_another_when_its_maker_died(
    milled: Milled, records: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "SMALL_RECORDS", 0)
    asked = milled.ann.made(f"/jobs/{milled.job}/exports", {"format": "jsonl"})
    assert (asked["status"], asked["name"], asked["finished_at"]) == ("queued", None, None)
    problem(download(milled, asked), 409, "wrong_state")
    made = ended(milled, asked["id"])
    assert lines(content(milled, made)) == records
    path = milled.ann.service.blobs.path_of(f"jobs/{milled.job}/exports/{made['id']}/{made['name']}")
    assert path is not None
    path.unlink()
    problem(download(milled, made), 404, "not_found")
    left = "status = 'running', worker = 'dead', expires_at = 0, files = '[]'"
    store = SqliteFile(milled.ann.service.settings.home_folder / "store.db")
    store.change(f"UPDATE exports SET {left} WHERE id = '{made['id']}'")
    assert lines(content(milled, ended(milled, asked["id"]))) == records


def test_a_large_export_that_cannot_be_made_says_why(milled: Milled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "SMALL_RECORDS", 0)
    asked = milled.ann.made(f"/jobs/{milled.job}/exports", {"format": "dpo"})
    failed = ended(milled, asked["id"])
    assert (failed["status"], failed["name"]) == ("failed", None)
    assert "rejected is empty" in failed["detail"]
    assert "rejected is empty" in problem(download(milled, asked), 409, "wrong_state")["detail"]


@pytest.fixture
def marks(milled: Milled, records: list[Any]) -> Iterator[None]:
    """The first record is marked good, the second bad; both marks are gone afterwards."""
    slots = [one["slot"] for one in milled.ann.get(f"/jobs/{milled.job}/records").json()["items"][:2]]
    path = f"/jobs/{milled.job}/marks"
    for slot, mark in zip(slots, ("good", "bad"), strict=True):
        assert milled.ann.ask("PUT", path, json={"slots": [slot], "mark": mark, "note": f"so {mark}"}).is_success
    yield
    assert milled.ann.ask("PUT", path, json={"slots": slots, "mark": None}).is_success


@pytest.mark.usefixtures("marks")
def test_marks_go_into_a_column_of_their_own(milled: Milled, records: list[Any]) -> None:
    made = lines(content(milled, export(milled, format="jsonl", marks="column")))
    assert [line.pop("_mark") for line in made] == [
        {"mark": "good", "note": "so good"},
        {"mark": "bad", "note": "so bad"},
        *[None] * (len(records) - 2),
    ]
    assert made == records


@pytest.mark.usefixtures("marks")
def test_records_are_chosen_by_their_marks(milled: Milled, records: list[Any]) -> None:
    good = lines(content(milled, export(milled, format="jsonl", marks="good")))
    assert good == records[:1]
    rest = lines(content(milled, export(milled, format="jsonl", marks="not_bad")))
    assert rest == [records[0], *records[2:]]


@pytest.mark.usefixtures("marks")
def test_marks_stand_beside_what_a_trainer_reads(milled: Milled, records: list[Any]) -> None:
    made = lines(content(milled, export(milled, format="openai-chat", marks="column")))
    assert [line["_mark"]["mark"] for line in made[:2]] == ["good", "bad"]
    assert all({"messages", "_mark"} == set(line) for line in made)
