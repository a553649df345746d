"""What the engine adds to the bare script, and what it does with 64 calls in flight."""

from pathlib import Path

from bench.lab import Bench, Weight, open_bench, show

FEW, MANY = 4_000, 20_000
IN_FLIGHT = 64


def measure(folder: Path) -> None:
    """CPU per record, rate and memory of both, start-up subtracted by taking the difference of two sizes."""
    with open_bench(folder) as bench:
        bare = [bench.run_bare(records, IN_FLIGHT) for records in (FEW, MANY)]
        ours = [bench.run_gristmill("engine", records, "--concurrency", str(IN_FLIGHT)) for records in (FEW, MANY)]
        _show("bare", bare)
        _show("gristmill", ours)
        added = (_cpu(ours) - _cpu(bare)) * 1000
        show("added", cpu_ms_per_record=added, cpu_ratio=_cpu(ours) / _cpu(bare))
        _show_rate(bench, ours)


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
