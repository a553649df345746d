"""JSON read piece by piece: no more of it in memory than one value and a little."""

import json
import re
from typing import Any, NamedTuple, TextIO

from gristmill.datasets.seedfiles.rows import MOST_ROW

PIECE = 1 << 20

# The start of a literal, number or escape, cut off where a piece ends, is no longer than this.
CUT_OFF = 16

_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode
_decode_any_number = json.JSONDecoder(parse_int=str).raw_decode


class Spot(NamedTuple):
    """A line and a column of a text, from 1."""

    line: int
    column: int


class JsonText:
    """JSON text that is read a value at a time."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._lines_before = 0
        self._columns_before = 0
        self._has_ended = False

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Go past the character that `peek` showed."""
        self._at += 1

    def spot(self, at: int | None = None) -> Spot:
        """Where the next character stands, or the one at a place that a JSONDecodeError of `value` names."""
        end = self._at if at is None else at
        lines = self._text.count("\n", 0, end)
        column = end - self._text.rfind("\n", 0, end) if lines else self._columns_before + end + 1
        return Spot(self._lines_before + lines + 1, column)

    def value(self) -> Any:  # noqa: ANN401 - whatever stands there
        """The next value. Raises JSONDecodeError, RecursionError, or OverflowError for one beyond MOST_ROW.

        After a ValueError of another kind the value was passed over, and the next one can be read.
        """
        self.peek()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._is_cut_off(error) or not self._more():
                    raise
            except ValueError:
                _, self._at = _decode_any_number(self._text, self._at)
                raise
            else:
                # A number that ends where the text ends so far may go on.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value

    def _is_cut_off(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - CUT_OFF

    def _more(self) -> bool:
        if self._has_ended:
            return False
        if len(self._text) - self._at > MOST_ROW:
            raise OverflowError(f"it is longer than {MOST_ROW:,} characters")
        piece = self._file.read(max(PIECE, len(self._text) - self._at))
        if not piece:
            # The text stays as it is, so that the place an error named holds.
            self._has_ended = True
            return False
        spot = self.spot()
        self._lines_before, self._columns_before = spot.line - 1, spot.column - 1
        self._text, self._at = self._text[self._at :] + piece, 0
        return True
