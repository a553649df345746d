"""How peak memory grows with the number of records, while they are made and while they are exported."""

import sys
from pathlib import Path

from bench.lab import Bench, open_bench, show, weigh

FEW, MANY = 2_000, 200_000


def measure(folder: Path) -> None:
    """The difference of two sizes, without and with `unique`, and of their exports."""
    # A fickle provider answers the same prompt otherwise each time: every record is new.
    with open_bench(folder, latency=0.005, is_fickle=True) as bench:
        _grow(bench, "plain", "")
        _grow(bench, "unique", "  - {unique: [number, subject, body]}\n")


def _grow(bench: Bench, name: str, extra: str) -> None:
    few = bench.run_gristmill(name, FEW, extra=extra)
    many = bench.run_gristmill(name, MANY, extra=extra)
    grown = many.memory - few.memory
    show(f"run, {name}", few_mb=few.memory, many_mb=many.memory, bytes_per_record=grown * 2**20 / (MANY - FEW))
    exports = [
        weigh(
            [
                sys.executable,
                "-m",
                "gristmill",
                "export",
                str(bench.folder / f"{name}-{n}"),
                "--format",
                "jsonl",
                "--out",
                str(bench.folder / "export.jsonl"),
            ],
            bench.environment(),
        )
        for n in (FEW, MANY)
    ]
    show(f"export, {name}", few_mb=exports[0].memory, many_mb=exports[1].memory)
