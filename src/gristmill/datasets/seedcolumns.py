"""The columns of seeds as they are shown: what was seen in each, found while the rows go by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.domain.json import Json, JsonObject
from gristmill.domain.seeds import SeedColumn

# Rows may bring new names for ever; nobody looks at more.
MOST_COLUMNS = 256
LONGEST_NAME = 200
LONGEST_SAMPLE = 200

TYPES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@dataclass(slots=True)
class _Seen:
    types: dict[str, None] = field(default_factory=dict)
    present: int = 0
    sample: str = ""


@dataclass(slots=True)
class ColumnSurvey:
    """Looks at rows and tells the first 256 columns, in the order in which they came."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self, row: JsonObject) -> None:
        """Note what a row has."""
        for name, value in row.items():
            column = self._seen.get(name)
            if column is None and len(self._seen) < MOST_COLUMNS:
                column = self._seen[name] = _Seen()
            if column is not None:
                _note(column, value)

    @property
    def columns(self) -> tuple[SeedColumn, ...]:
        """What was seen so far."""
        return tuple(
            SeedColumn(name=_cut(name, LONGEST_NAME), types=tuple(seen.types), present=seen.present, sample=seen.sample)
            for name, seen in self._seen.items()
        )


def _note(column: _Seen, value: Json) -> None:
    column.types[TYPES[type(value)]] = None
    column.present += 1
    # A null tells nothing, and stands only until something better comes.
    if value is not None and column.sample in {"", "null"}:
        column.sample = _cut(json.dumps(_begin(value), ensure_ascii=False), LONGEST_SAMPLE)
    elif not column.sample:
        column.sample = "null"


def _begin(value: Json) -> Json:
    """Of a long text only the beginning, lest all of it be written first."""
    return value[: LONGEST_SAMPLE + 1] if isinstance(value, str) else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
