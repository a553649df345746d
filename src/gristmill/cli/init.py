"""`gristmill init`: a first template and seeds to start from."""

from importlib.resources import files
from pathlib import Path

from gristmill.cli.boundary import BAD_INPUT, OK
from gristmill.cli.terminal import say, say_error

STARTER = ("templates/support-qa.yaml", "examples/products.jsonl")


def init(folder: Path = Path(), /) -> int:
    """Write a starter template and seeds into a folder. Files that are there are left as they are.

    Example: gristmill init demo

    Parameters
    ----------
    folder
        Where to write; the current folder when left out.
    """
    taken = [name for name in STARTER if (folder / name).exists()]
    if taken:
        say_error(f"{folder / taken[0]} is there already. Choose another folder, or move it away.")
        return BAD_INPUT
    for name in STARTER:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files("gristmill.cli").joinpath("starter", name).read_bytes())
        say(f"  wrote {target}")
    _show_next(folder)
    return OK


def _show_next(folder: Path) -> None:
    enter = "" if folder.absolute() == Path.cwd() else f"cd {folder} && "
    say("\nMake 20 records with a small model that runs on this machine:", style="bold")
    say("  gristmill models pull smollm2")
    say(f"  {enter}gristmill run {STARTER[0]} --seeds {STARTER[1]} --records 20")
