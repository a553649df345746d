"""What the engine adds to the bare script, and what it does with 64 calls in flight."""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.lab import Bench, Weight, open_bench, show

FEW, MANY = 2_000, 12_000
IN_FLIGHT = 64
ROUNDS = 6


def measure(folder: Path) -> None:
    """CPU per record, rate and memory of both, start-up subtracted by taking the difference of two sizes.

    Both take turns, and of each the run that took the least CPU time counts: what a neighbour on the machine does only
    ever adds to it.
    """
    with open_bench(folder) as bench:
        rounds = [_round(bench, number) for number in range(ROUNDS)]
        bare, ours = ([_least(runs) for runs in zip(*pairs, strict=True)] for pairs in zip(*rounds, strict=True))
        _show("bare", bare)
        _show("gristmill", ours)
        added = (_cpu(ours) - _cpu(bare)) * 1000
        show("added", cpu_ms_per_record=added, cpu_ratio=_cpu(ours) / _cpu(bare))
        show("write and commit", **_writing(bench.folder))
        _show_rate(bench, ours)


def _round(bench: Bench, number: int) -> tuple[list[Weight], list[Weight]]:
    bare, ours = [], []
    for records in (FEW, MANY):
        bare.append(bench.run_bare(records, IN_FLIGHT))
        ours.append(bench.run_gristmill(f"engine-{number}", records, "--concurrency", str(IN_FLIGHT)))
    return bare, ours


def _least(runs: Iterable[Weight]) -> Weight:
    return min(runs, key=lambda run: run.cpu)


def _writing(folder: Path) -> dict[str, float]:
    """What writing and committing takes of the worker's CPU time, between the two sizes."""
    few, many = (_worker_cpu(folder / f"engine-0-{records}") for records in (FEW, MANY))
    writing, whole = many[0] - few[0], many[1] - few[1]
    return {"share": writing / whole, "us_per_record": writing / (MANY - FEW) * 1e6}


def _worker_cpu(out: Path) -> tuple[float, float]:
    """Seconds of CPU time the worker counted: of its writing threads, and of all."""
    log = next((out / ".gristmill" / "logs").glob("worker-*.log"))
    gone = next(line for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "worker_gone")
    return gone["writing_cpu_seconds"], gone["cpu_seconds"]


def _cpu(pair: list[Weight]) -> float:
    return (pair[1].cpu - pair[0].cpu) / (MANY - FEW)


def _show(name: str, pair: list[Weight]) -> None:
    rate = (MANY - FEW) / (pair[1].wall - pair[0].wall)
    show(name, cpu_ms_per_record=_cpu(pair) * 1000, per_second=rate, memory_mb=pair[1].memory)


def _show_rate(bench: Bench, ours: list[Weight]) -> None:
    allowed = IN_FLIGHT / 0.05
    busy = (ours[1].cpu - ours[0].cpu) / (ours[1].wall - ours[0].wall)
    rate = (MANY - FEW) / (ours[1].wall - ours[0].wall)
    show(
        "64 in flight",
        of_allowed_rate=rate / allowed,
        cores_busy=busy,
        most_in_flight=str(bench.stats()["most_in_flight"]),
    )
