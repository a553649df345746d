# ruff: noqa: S608 (the queries are replies of a model that plays; nothing here runs them)
"""What a prompt shows besides prose: tables as SQL, tools as JSON, and sentences that can be quoted."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import JSONDecoder
from typing import Any

_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?[\"`]?(\w+)[\"`]?\s*\((.*?)\)\s*;", re.IGNORECASE | re.DOTALL)
_COLUMN = re.compile(r"(?:^|,)\s*[\"`]?(\w+)[\"`]? (?:INT|REAL|TEXT|NUM|DATE|VARCHAR|BOOL)", re.IGNORECASE)
_SENTENCE = re.compile(r"[A-Z][^.!?]{10,300}[.!](?=\s|$)")
_LABEL = re.compile(r"^\w+: ")
# A prompt of tools is a few kilobytes; this bounds what one of many braces costs.
_MOST_OBJECTS = 100
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a prompt offers: its name, and the JSON Schema of its arguments."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the messages of one prompt show; `last` is the text of the newest."""

    text: str
    last: str

    def query(self, chance: random.Random) -> str | None:
        """A SELECT that runs on the tables that are created here, or None without any."""
        tables = [(name, _COLUMN.findall(body)) for name, body in _TABLE.findall(self.text)]
        tables = [(name, columns) for name, columns in tables if columns]
        if not tables:
            return None
        table, columns = chance.choice(tables)
        column, count = chance.choice(columns), chance.randint(2, 20)
        forms = (
            f"SELECT {column} FROM {table} ORDER BY {column} LIMIT {count}",
            f"SELECT COUNT(DISTINCT {column}) AS number FROM {table}",
            f"SELECT {column}, COUNT(*) AS number FROM {table} GROUP BY {column} ORDER BY number DESC LIMIT {count}",
        )
        return chance.choice(forms)

    def tool(self, chance: random.Random) -> Tool | None:
        """The tool that the newest message names, or else any of those shown; None without any."""
        tools = [Tool(one["name"], one["parameters"]) for one in _objects_in(self.text) if _is_tool(one)]
        named = [tool for tool in tools if tool.name in self.last]
        return chance.choice(named or tools) if tools else None

    def quote(self, chance: random.Random) -> str | None:
        """A whole sentence of the first paragraph of the newest message that has any, or None."""
        for paragraph in self.last.split("\n"):
            sentences: Sequence[str] = _SENTENCE.findall(_LABEL.sub("", paragraph))
            if sentences:
                return chance.choice(sentences)
        return None


def _objects_in(text: str) -> Iterator[Any]:
    at = text.find("{")
    for _ in range(_MOST_OBJECTS):
        if at < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _is_tool(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("name"), str) and isinstance(value.get("parameters"), dict)
