"""Reading and exporting take the same memory however many records there are."""

from pathlib import Path

from support.child import start_python

SCRIPT = """
import asyncio, resource, sys
from pathlib import Path
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import export_records, read_records, write_segment
from gristmill.domain.call import CallCounts
from gristmill.ports.store import Manifest
from support.rows import JOB, a_row, an_origin

async def main(folder, shards):
    blobs = LocalBlobs(folder / "blobs")
    segments = []
    for shard in range(shards):
        rows = [a_row(shard * 1000 + i, record={"a": "x" * 2000, "b": i}) for i in range(1000)]
        segments.append(await write_segment(blobs, an_origin(shard=shard), recipe="r", rows=rows, counts=CallCounts()))
    manifest = Manifest(segments=tuple(segments), withdrawn=frozenset(), digest="")
    for fmt in ("jsonl", "csv", "parquet"):
        rows = read_records(blobs, JOB, manifest)
        exported = await export_records(rows, fmt, folder / fmt, fields=["a", "b"], lineage=True)
        assert exported.records == shards * 1000
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def peak_mib(folder: Path, shards: int) -> int:
    with start_python(SCRIPT, str(folder), str(shards)) as (process, stdout):
        peak = int(stdout.readline())
        assert process.wait() == 0
    return peak


def test_exports_of_many_records_take_no_more_memory_than_those_of_few(tmp_path: Path) -> None:
    few = peak_mib(tmp_path / "few", 3)
    many = peak_mib(tmp_path / "many", 30)

    assert many - few < 20
