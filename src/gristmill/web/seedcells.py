"""The values of a row as text: strings as they are, everything else as compact JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gristmill.domain.json import Json, JsonObject

CLIPPED: Final = 80
# A page with more of each text would be slow to read for everybody: the page of the row has all of it.
OPENED: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value as text; `is_json` when it is none itself."""

    text: str
    is_json: bool = False
    is_null: bool = False

    @property
    def is_short(self) -> bool:
        """Whether all of it fits into a table."""
        return len(self.text) <= CLIPPED and "\n" not in self.text.strip()

    @property
    def beginning(self) -> str:
        """What a table shows of it, on one line."""
        begun = " ".join(self.text[: CLIPPED * 2].split())
        return begun if self.is_short else f"{begun[:CLIPPED]}…"

    @property
    def opened(self) -> str:
        """What a table shows of it when asked to."""
        return self.text[:OPENED]

    @property
    def is_cut(self) -> bool:
        """Whether that is not all of it."""
        return len(self.text) > OPENED


def row_texts(row: JsonObject, *, indent: int | None = None) -> Mapping[str, Cell]:
    """The cell of each column that a row has; JSON on one line, or indented."""
    return {name: _cell(value, indent) for name, value in row.items()}


def _cell(value: Json, indent: int | None) -> Cell:
    if isinstance(value, str):
        return Cell(text=value)
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return Cell(text=text, is_json=True, is_null=value is None)
