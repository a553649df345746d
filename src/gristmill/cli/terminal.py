"""How the shell speaks: results on stdout, everything else on stderr."""

import json
import os
import sys
from typing import NoReturn, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


class _Console(Console):
    """A console whose reader may leave: that ends the verb, and is no error of ours."""

    def on_broken_pipe(self) -> NoReturn:
        """Let whoever called decide; Rich would leave with an exit code of its own."""
        raise BrokenPipeError


# Where nobody looks, nothing is cut to a width: grep and columns see whole lines.
OUT = _Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
ERR = _Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """A line for the person at the terminal, on stderr."""
    ERR.print(Text(text, style=style))


def say_error(text: str) -> None:
    """A refusal: what is wrong and what to do, on stderr."""
    ERR.print(Text.assemble(("error: ", "bold red"), text))


def write(text: str) -> None:
    """A result, on stdout, as it is."""
    OUT.out(text, highlight=False)


def write_table(table: Table) -> None:
    """A table whose cells stay whole: on a narrow terminal its lines run on, and ids can still be copied."""
    table.width = table.__rich_measure__(OUT, OUT.options.update(max_width=sys.maxsize)).maximum
    OUT.print(table, crop=False)


def mute(stream: TextIO) -> None:
    """Let go what is still said on a stream that nobody reads any more, or that has no room."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, stream.fileno())
    os.close(silence)


def json_text(value: object, *, indent: int | None = None) -> str:
    """The value as JSON: of rows too, whose numbers may be longer than fast libraries take."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    # Half a character, as a model may send, is none that a terminal can show.
    return text.encode(errors="replace").decode()


def show_duration(seconds: float) -> str:
    """Seconds as a person says them: 8 s, 3:20, 1:05:00."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def show_money(nano: int) -> str:
    """Dollars for people: cents, or as many decimals as a small amount needs to be seen."""
    dollars = nano / 1_000_000_000
    if nano == 0 or dollars >= 1:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else f"${dollars:.7f}"  # noqa: PLR2004 - a hundredth of a cent


def count(number: int, word: str) -> str:
    """`1 reject`, `2 rejects`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
