"""Seeds of any size are stored in the same memory."""

from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path

from support.child import start_python

# A group of 1,000 rows, all that may be held of them at once, is a megabyte.
SCRIPT = """
import asyncio, resource, sys
from pathlib import Path
from gristmill.adapters.local import LocalBlobs
from gristmill.datasets import store_seeds
folder = Path(sys.argv[1])
for path in sorted(folder.glob("a.*")):
    stored = asyncio.run(store_seeds(path, LocalBlobs(folder / "blobs")))
    assert stored.rows == int(sys.argv[2]), path
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

ROW = '{"text":"größer %s"}' % ("x" * 1000)


def write(path: Path, parts: Iterable[str]) -> None:
    # Piece by piece: a child's peak begins with what its parent held.
    with path.open("w", encoding="utf-8") as file:
        file.writelines(parts)


def peak_mib(folder: Path, rows: int) -> int:
    folder.mkdir()
    write(folder / "a.jsonl", repeat(f"{ROW}\n", rows))
    write(folder / "a.json", chain(["["], repeat(f"{ROW},", rows - 1), [f"{ROW}]"]))
    write(folder / "a.columns.json", chain(['{"text":["x"'], repeat(f',"{"y" * 1000}"', rows - 1), ["]}"]))
    write(folder / "a.csv", chain(["a,b\n"], repeat(f'{"x" * 500},"{"y" * 500}\n"\n', rows)))
    write(folder / "a.md", chain(repeat(f"# Part\n\n{'words ' * 150}\n", rows)))

    with start_python(SCRIPT, str(folder), str(rows)) as (process, stdout):
        peak = int(stdout.readline())
        assert process.wait() == 0
    return peak


def test_ten_times_the_seeds_take_no_more_memory_in_any_format(tmp_path: Path) -> None:
    assert peak_mib(tmp_path / "many", 15_000) - peak_mib(tmp_path / "few", 1500) < 12
