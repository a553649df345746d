"""How long a provider's faults and limits make a job take, beside the bare script or the limit itself."""

from pathlib import Path

from bench.lab import Bench, open_bench, show

FEW, MANY = 1_000, 25_000
LIMITED = 3_000


def measure(folder: Path) -> None:
    """Random faults beside the bare script without any; limits beside the time they allow. Start-up is subtracted."""
    with open_bench(folder) as bench:
        bare = [bench.run_bare(records, 64).wall for records in (FEW, MANY)]
        clean = bench.run_gristmill("clean", FEW, "--concurrency", "64").wall
        bench.conduct(faults={"429": 0.05, "500": 0.02, "malformed": 0.01}, retry_after="1")
        ours = bench.run_gristmill("faults", MANY, "--concurrency", "64").wall
        show("5% 429, 2% 500, 1% bad", of_bare_time=(ours - clean) / (bare[1] - bare[0]), **_counts(bench))
        bench.conduct(faults={}, retry_after="", calls_per_second=200)
        limited = [bench.run_gristmill("limited", records).wall for records in (FEW, FEW + LIMITED)]
        show("200 calls a second", of_limit=(limited[1] - limited[0]) / (LIMITED / 200), **_counts(bench))
        bench.conduct(calls_per_second=0, most_in_flight=20)
        crowded = [bench.run_gristmill("crowded", records).wall for records in (FEW, MANY)]
        show("20 in flight", of_limit=(crowded[1] - crowded[0]) / ((MANY - FEW) / (20 / 0.05)), **_counts(bench))


def _counts(bench: Bench) -> dict[str, float]:
    stats = bench.stats()
    return {"refused_share": stats["statuses"].get("429", 0) / stats["calls"]}
