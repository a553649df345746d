"""What finds records is opened over the blobs of a URL."""

from pathlib import Path

from gristmill.datasets.index import write_index
from gristmill.domain.listing import RecordFilter
from gristmill.wiring.ports import open_blobs
from gristmill.wiring.records import open_record_index
from support.browsing import first_rows, show_rows
from support.rows import a_row


async def test_an_index_in_the_blobs_of_a_url_is_found_and_read_in_place(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/blobs"
    blobs = open_blobs(url)
    async with open_record_index(url, blobs, tmp_path / "own") as index:
        shown = await show_rows(blobs, [[a_row(0), a_row(1)]], {}, 1)
        await write_index(blobs, shown.job, shown.manifest)
        found = await first_rows(index, shown, RecordFilter(text="why 1"))
    assert [row.place.slot for row in found] == [1]
    assert not (tmp_path / "own" / "copies").exists()
