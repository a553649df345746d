"""Exports by the page: asked for, watched, downloaded, and refused with a reason."""

import hashlib
import re

import pytest

from gristmill.domain.export import Export, ExportStatus, ExportWish
from gristmill.domain.ids import ExportId, JobId
from support.milled import RECORDS, Milled
from support.web import Visitor, text_of

WHOLE = {"format": "jsonl"}


def downloads(page: str) -> list[str]:
    return re.findall(r'href="(/exports/[^"]+/download)"', page)


def test_an_export_is_made_listed_and_downloaded(reader: Visitor, milled: Milled) -> None:
    path, records = f"/jobs/{milled.job}/exports", milled.ann.get(f"/jobs/{milled.job}").json()["records"]["accepted"]
    assert f"As it stands now: {records} of {RECORDS} records." in reader.page(path)
    assert reader.done(path, {**WHOLE, "lineage": "yes"}) == f"{path}?done=export-made"
    page = reader.get(path)
    assert f"dataset.jsonl done jsonl {records} records" in text_of(page)
    assert "with lineage" in text_of(page)
    file = reader.get(downloads(page.text)[0])
    assert file.status_code == 200
    assert file.text.count("\n") == records
    assert hashlib.sha256(file.content).hexdigest()[:12] in page.text
    assert "attachment" in file.headers["content-disposition"]


def test_a_part_of_a_file_is_sent_to_whoever_goes_on_with_it(reader: Visitor, milled: Milled) -> None:
    reader.done(f"/jobs/{milled.job}/exports", WHOLE)
    path = downloads(reader.get(f"/jobs/{milled.job}/exports").text)[0]
    part = reader.get(path, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, reader.get(path).content[5:10])
    assert reader.get(path, headers={"Range": "bytes=999999999-"}).status_code == 416


@pytest.mark.parametrize("shares", [("0.75", "", "0.25"), ("75%", "", "25 %"), ("0,75", "", "0,25")])
def test_a_split_is_written_as_shares_or_as_per_cent(reader: Visitor, milled: Milled, shares: tuple[str, ...]) -> None:
    path = f"/jobs/{milled.job}/exports"
    form = {**WHOLE, **dict(zip(("train", "validation", "test"), shares, strict=True))}
    assert reader.done(path, form) == f"{path}?done=export-made"
    assert "train 75%, test 25%" in reader.page(path)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"format": "jsonl", "train": "0.9", "test": "0.3"}, "The shares add up to 1.2"),
        ({"format": "jsonl", "train": "most"}, "The share of train is a number between 0 and 1"),
        ({"format": "csv", "train": "1", "partition_by": "tone"}, "either by a field or into splits"),
        ({"format": "csv", "partition_by": "colour"}, "The records have no field 'colour'"),
        ({"format": "alpaca"}, "from which no convention makes alpaca"),
        ({"format": "dpo"}, "dpo"),
        ({"format": "docx"}, "There is no format 'docx'"),
    ],
)
def test_an_export_that_cannot_be_made_says_why_and_keeps_what_was_asked(
    reader: Visitor, milled: Milled, form: dict[str, str], words: str
) -> None:
    answer = reader.post(f"/jobs/{milled.job}/exports", {**form, "lineage": "yes"})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert " checked" in answer.text
    if "train" in form:
        assert f'value="{form["train"]}"' in answer.text
    if form["format"] in {"csv", "alpaca", "dpo"}:
        assert f'value="{form["format"]}" selected' in answer.text


def test_what_was_marked_bad_can_be_left_out(ann: Visitor) -> None:
    job = ann.api.job()
    ann.api.mill(job)
    assert '<option value="none" selected>' in ann.get(f"/jobs/{job}/exports").text
    assert ann.api.ask("PUT", f"/jobs/{job}/marks", json={"slots": [1], "mark": "bad"}).is_success
    assert '<option value="column" selected>' in ann.get(f"/jobs/{job}/exports").text
    ann.done(f"/jobs/{job}/exports", {**WHOLE, "marks": "not_bad"})
    assert "dataset.jsonl done jsonl 3 records" in ann.page(f"/jobs/{job}/exports")


def test_a_job_that_goes_on_is_exported_as_it_stands_now(ann: Visitor) -> None:
    job = ann.api.job()
    ann.api.mill(job)
    ann.done(f"/jobs/{job}/extend", {"records": "10"})
    assert "As it stands now: 4 of 10 records." in ann.page(f"/jobs/{job}/exports")
    ann.done(f"/jobs/{job}/exports", WHOLE)
    assert "dataset.jsonl done jsonl 4 records" in ann.page(f"/jobs/{job}/exports")


def test_a_job_without_records_has_nothing_to_export(ann: Visitor) -> None:
    text = ann.page(f"/jobs/{ann.api.job()}/exports")
    assert "There is no record to export yet." in text
    assert "Nothing was exported yet." in text


def test_the_list_refreshes_itself_until_a_large_export_is_made(ann: Visitor) -> None:
    job = ann.api.job()
    row = ann.api.service.store
    export = ExportId("0123456789abcdef")
    portal = ann.client.portal
    assert portal is not None
    owner = portal.call(row.read_job, JobId(job)).owner
    waiting = Export(
        id=export,
        job=JobId(job),
        owner=owner,
        wish=ExportWish(format="parquet"),
        # Somebody makes it, and this server leaves it to them.
        status=ExportStatus.RUNNING,
        created_at=ann.api.service.clock.now(),
    )
    portal.call(row.add_export, waiting)
    page = ann.get(f"/jobs/{job}/exports")
    assert 'hx-trigger="every 2s"' in page.text
    assert downloads(page.text) == []
    early = ann.get(f"/exports/{export}/download")
    assert early.status_code == 409
    assert "wait until it is done" in text_of(early)


def test_anothers_export_is_not_there(reader: Visitor, stranger: Visitor, milled: Milled) -> None:
    reader.done(f"/jobs/{milled.job}/exports", WHOLE)
    (path, *_) = downloads(reader.get(f"/jobs/{milled.job}/exports").text)
    assert stranger.get(path).status_code == 404
    assert stranger.get("/exports/none/download").status_code == 404
