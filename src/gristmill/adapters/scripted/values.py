"""Values that satisfy a JSON Schema, in the words of a writer."""

import math
import random
import re
from collections.abc import Mapping
from typing import Any

from gristmill.adapters.scripted.prose import Writer
from gristmill.adapters.scripted.shown import Shown
from gristmill.domain.json import Json

DEEPEST = 16

# Values for the formats that JSON Schema names; others are free text.
FORMATS: Mapping[str, str] = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "email": "mill@example.com",
    "uri": "https://example.com/mill",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class Filler:
    """Fills one schema. A negation or conditions are beyond it: such a value is right only by chance.

    A `pattern` is met where a question, a phrase, a word, a code, a number or a format's example meets it. Where the
    prompt shows them, `sql` is a query of its tables, `quote` one of its sentences, and an object of `name` and
    `arguments` calls one of its tools.
    """

    def __init__(self, root: Mapping[str, Any], writer: Writer, shown: Shown, chance: random.Random) -> None:
        self._root = root
        self._writer = writer
        self._shown = shown
        self._chance = chance

    def fill(self) -> Json:
        """A value for the whole schema."""
        return self._value(self._root, "", 0)

    def _value(self, schema: object, name: str, depth: int) -> Json:
        if not isinstance(schema, Mapping) or depth > DEEPEST:
            return None
        schema = self._resolved(schema)
        choices: list[Json] = [schema["const"]] if "const" in schema else schema.get("enum", [])
        return self._chance.choice(choices) if choices else self._of_type(schema, name, depth)

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Json:  # noqa: PLR0911 - one line a type
        match _type_of(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return math.floor(self._number(schema, step=schema.get("multipleOf", 1)))
            case "number":
                return self._number(schema, step=schema.get("multipleOf", 0.5))
            case "boolean":
                return self._chance.random() < 0.5  # noqa: PLR2004 - one of two
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            return {**self._target(schema["$ref"]), **{k: v for k, v in schema.items() if k != "$ref"}}
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return {**{k: v for k, v in schema.items() if k != word}, **self._resolved(schema[word][0])}
        if "allOf" in schema:
            return _merged([{k: v for k, v in schema.items() if k != "allOf"}, *map(self._resolved, schema["allOf"])])
        return schema

    def _target(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if part else found
        return found if isinstance(found, Mapping) else {}

    def _object(self, schema: Mapping[str, Any], depth: int) -> Json:
        named = schema.get("properties", {})
        if {"name", "arguments"} == named.keys() and (tool := self._shown.tool(self._chance)):
            return {"name": tool.name, "arguments": self._value(tool.parameters, "arguments", depth + 1)}
        wanted = dict.fromkeys((*named, *schema.get("required", ())))
        return {name: self._value(named.get(name, {}), name, depth + 1) for name in wanted}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> Json:
        least = schema.get("minItems", 2)
        size = min(least, schema.get("maxItems", least))
        before = schema.get("prefixItems", [])
        parts = [*before[:size], *[schema.get("items", {})] * (size - len(before))]
        items = [self._value(part, name.removesuffix("s"), depth + 1) for part in parts]
        return self._distinct(items, parts, name, depth) if schema.get("uniqueItems") else items

    def _distinct(self, items: list[Json], parts: list[Any], name: str, depth: int) -> Json:
        for i, part in enumerate(parts):
            for _ in range(20):
                if items[i] not in items[:i]:
                    break
                items[i] = self._value(part, name, depth + 1)
        return items

    def _number(self, schema: Mapping[str, Any], *, step: float) -> float:
        lowest = schema.get("minimum", -math.inf)
        if schema.get("exclusiveMinimum", -math.inf) >= lowest:
            lowest = schema.get("exclusiveMinimum", -math.inf) + step / 2
        highest = schema.get("maximum", math.inf)
        if schema.get("exclusiveMaximum", math.inf) <= highest:
            highest = schema.get("exclusiveMaximum", math.inf) - step / 2
        if lowest == -math.inf:
            lowest = 1 if highest == math.inf else highest - 100 * step
        first, last = math.ceil(lowest / step), math.floor(min(highest, lowest + 100 * step) / step)
        # No step fits between the bounds: the middle does, where steps are not asked for.
        return self._chance.randint(first, last) * step if first <= last else (lowest + highest) / 2

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        taken = self._taken(name)
        if taken is not None and _follows(taken, schema.get("pattern", "")):
            return taken
        if "pattern" in schema:
            return self._following(schema)
        text = self._writer.question() if "question" in name else self._prose(schema, name)
        while len(text) < schema.get("minLength", 0):
            text = f"{text} {self._writer.sentences(3)}"
        longest = schema.get("maxLength")
        return text if longest is None or len(text) <= longest else text[:longest]

    def _taken(self, name: str) -> str | None:
        match name:
            case "sql":
                return self._shown.query(self._chance)
            case "quote":
                return self._shown.quote(self._chance)
            case _:
                return None

    def _following(self, schema: Mapping[str, Any]) -> str:
        one, other = self._writer.sentences(1), self._writer.sentences(1)
        # Joined, few sentences make many, so that fields that must differ seldom do not.
        joined = f"{one.rstrip('.')}, and {other[:1].lower()}{other[1:]}"
        prose = [joined, one, self._writer.question(), self._writer.sentences(2)]
        candidates = [*self._writer.short_texts(), *prose, *map(_plain, prose), *FORMATS.values()]
        least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        fitting = (text for text in candidates if least <= len(text) <= most and _follows(text, schema["pattern"]))
        return next(fitting, candidates[0])

    def _prose(self, schema: Mapping[str, Any], name: str) -> str:
        short = ("name", "title", "label", "tag", "topic", "word", "key", "id")
        if name.endswith(short) and not schema.get("minLength"):
            return self._writer.phrase()
        return self._writer.sentences(2)


def _plain(text: str) -> str:
    """The text without marks but its last: what a pattern of letters and digits takes."""
    return re.sub(r"[^A-Za-z0-9,' -]+", "", text[:-1]) + text[-1:]


def _follows(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # JSON Schema's patterns are ECMAScript's: Python may not know one.
        return False


def _type_of(schema: Mapping[str, Any]) -> str:
    stated = schema.get("type")
    if isinstance(stated, list):
        stated = next((one for one in stated if one != "null"), "null")
    if stated is None:
        if "properties" in schema or "required" in schema:
            return "object"
        return "array" if "items" in schema else "string"
    return str(stated)


def _merged(parts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        for word, value in part.items():
            if word == "properties":
                merged[word] = {**merged.get(word, {}), **value}
            elif word == "required":
                merged[word] = [*merged.get(word, []), *value]
            else:
                merged[word] = value
    return merged
