"""The verbs of Gristmill from a shell."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    import sys

    from gristmill.cli.boundary import run_command

    sys.exit(run_command(sys.argv[1:]))
