"""Run the measurements named, or all of them."""

import importlib
import sys
import tempfile
from pathlib import Path

NAMES = ("http_clients", "engine", "rendering", "faults", "memory", "seeds", "distinct", "records", "server", "pages")

# Some measure what tests have set up too.
sys.path.append(str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    """Each measurement in a folder of its own, one after another."""
    for name in sys.argv[1:] or NAMES:
        print(f"\n== {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            importlib.import_module(f"bench.{name}").measure(Path(folder))


main()
