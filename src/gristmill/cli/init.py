"""`gristmill init`: a starter template and seeds to begin with."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.boundary import BAD_INPUT, OK
from gristmill.cli.terminal import say, say_error
from gristmill.library.starters import FIRST, STARTERS, Starter, carried, unknown_starter

TEMPLATE_HELP = f"Which starter to write: {', '.join(STARTERS)}."


def init(
    folder: Path = Path(),
    /,
    *,
    template: Annotated[str, Parameter(name=["--template", "-t"], help=TEMPLATE_HELP)] = FIRST,
) -> int:
    """Write a starter template and seeds into a folder. Files that are there are left as they are.

    Example: gristmill init demo --template classification

    Parameters
    ----------
    folder
        Where to write; the current folder when left out.
    """
    starter = STARTERS.get(template)
    if starter is None:
        say_error(unknown_starter(template))
        return BAD_INPUT
    taken = [name for name in starter.paths if (folder / name).exists()]
    if taken:
        say_error(f"{folder / taken[0]} is there already. Choose another folder, or move it away.")
        return BAD_INPUT
    for name in starter.paths:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(carried(name).read_bytes())
        say(f"  wrote {target}")
    _show_next(folder, starter)
    return OK


def _show_next(folder: Path, starter: Starter) -> None:
    enter = "" if folder.absolute() == Path.cwd() else f"cd {folder} && "
    order = f"{enter}gristmill run {starter.template} {starter.options} --records 20"
    if starter.fits_embedded:
        say("\nMake 20 records with a small model that runs on this machine:", style="bold")
        say("  gristmill models pull smollm2")
        say(f"  {order}")
    else:
        say("\nMake 20 records; this one wants a larger model than the one that needs no key:", style="bold")
        say(f"  {order} --model openai:gpt-4.1-mini --budget 1")
