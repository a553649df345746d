"""How long a provider's faults and limits make a job take, beside the bare script or the limit itself."""

from pathlib import Path

from bench.lab import Bench, open_bench, show

RECORDS = 4_000


def measure(folder: Path) -> None:
    """Random faults against the bare script's time without any; a rate limit against its own time; a moving limit."""
    with open_bench(folder) as bench:
        bare = bench.run_bare(RECORDS, 64)
        bench.conduct(faults={"429": 0.05, "500": 0.02, "malformed": 0.01}, retry_after="1")
        ours = bench.run_gristmill("faults", RECORDS, "--concurrency", "64")
        show("5% 429, 2% 500, 1% bad", of_bare_time=ours.wall / bare.wall, **_counts(bench))
        bench.conduct(faults={}, retry_after="", calls_per_second=200)
        limited = bench.run_gristmill("limited", RECORDS)
        show("200 calls a second", of_limit=limited.wall / (RECORDS / 200), **_counts(bench))
        bench.conduct(calls_per_second=0, most_in_flight=20)
        crowded = bench.run_gristmill("crowded", RECORDS * 2)
        show("20 in flight", of_limit=crowded.wall / (RECORDS * 2 / (20 / 0.05)), **_counts(bench))


def _counts(bench: Bench) -> dict[str, float]:
    stats = bench.stats()
    return {"refused_share": stats["statuses"].get("429", 0) / stats["calls"]}
