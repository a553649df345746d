"""The verbs of Gristmill from a shell."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import os
    import sys

    # Arrow's own pool keeps what the largest segment took; the system's gives it back, so that memory stays flat.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

    from gristmill.cli.boundary import run_command

    sys.exit(run_command(sys.argv[1:]))
