"""The verbs of Gristmill from a shell."""

import gc
import io
import os
import sys

# Allocations between collections of the youngest generation, and how many of each make one of the next. What is
# imported at the start lives for good, and need not be looked through again and again.
COLLECTIONS = (20_000, 20, 50)


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(*COLLECTIONS)
    # Arrow's own pool keeps what the largest segment took; the system's gives it back, so that memory stays flat.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # NumPy's linear algebra, of which nothing here is used, would start a thread for every core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_standard_streams()

    from gristmill.cli.boundary import run_command

    sys.exit(run_command(sys.argv[1:]))


def _open_standard_streams() -> None:
    # A file that is opened later must not get the number of a stream the caller closed: what we say would go into it.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 - for as long as we live
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    # A terminal that knows no check mark gets a question mark, not an error.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
