"""What people type into fields, read: an empty field is None, and what cannot be read says so in a sentence."""

import re
from decimal import Decimal
from typing import Final

from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.errors import BadInputError

# ASCII digits with a point: Decimal reads exponents, underscores and other scripts' digits too.
_DOLLARS: Final = re.compile(r"\$? ?([0-9]{1,10}(\.[0-9]{1,9})?)", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def read_dollars(text: str) -> Decimal | None:
    """US dollars as they stand. Raises BadInputError."""
    if not text:
        return None
    found = _DOLLARS.fullmatch(text)
    if found is None:
        raise BadInputError("Write US dollars in digits with a point, such as 2.50.")
    return Decimal(found[1])


def read_usd(text: str) -> NanoUsd | None:
    """US dollars in nano-dollars. Raises BadInputError."""
    dollars = read_dollars(text)
    return None if dollars is None else parse_usd(dollars)


def read_whole(text: str, *, least: int, most: int) -> int | None:
    """A whole number within bounds. Raises BadInputError."""
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise BadInputError(f"Write a whole number from {least:,} to {most:,}.")
    return int(text)


def read_line(text: str, *, most: int) -> str:
    """One line as it was typed, less the space around it. Raises BadInputError for more than that."""
    line = text.strip()
    if len(line) > most or not line.isprintable():
        raise BadInputError(f"A field of this form has at most {most:,} characters on one line.")
    return line
