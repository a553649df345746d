"""How long a reply will be when none was seen yet: what its schema allows, and for free text a part of max_tokens."""

import json
from dataclasses import dataclass
from typing import Any

from gristmill.jobs.spread import NOTHING, Spread, each, sum_spreads
from gristmill.recipes.recipe import Step

# Text has about four bytes of UTF-8 a token in today's vocabularies (OpenAI's own rule of thumb); names and numbers
# have fewer, plain English prose more.
BYTES_PER_TOKEN = Spread(low=5.0, likely=4.0, high=3.0)
# What free text uses of max_tokens.
REPLY_SHARE = Spread(low=0.2, likely=0.5, high=1.0)

BOOLEAN = Spread(low=4, likely=4.5, high=5)
NUMBER = Spread(low=1, likely=3, high=10)
QUOTES, SEPARATOR, NAMED = 2, 1, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Length:
    """Characters of JSON, and whether free text without a bound comes on top."""

    characters: Spread
    is_open: bool = False


FREE = _Length(characters=NOTHING, is_open=True)


def reply_tokens(step: Step) -> Spread:
    """The tokens of a step's reply, at most its `max_tokens`."""
    most = step.sampling.max_tokens
    length = _length(json.loads(step.schema.text)) if step.schema else FREE
    fixed = each(lambda level: min(length.characters.at(level) / BYTES_PER_TOKEN.at(level), most))
    if not length.is_open:
        return fixed
    return each(lambda level: fixed.at(level) + (most - fixed.at(level)) * REPLY_SHARE.at(level))


def _length(schema: Any) -> _Length:  # noqa: ANN401 - a JSON Schema may be anything
    match schema:
        case {"const": value}:
            return _one_of([value])
        case {"enum": [_, *_] as values}:
            return _one_of(values)
        case {"type": "boolean"}:
            return _Length(characters=BOOLEAN)
        case {"type": "integer" | "number"}:
            return _Length(characters=NUMBER)
        case {"type": "string" | "array" | "object"}:
            return _bounded(schema)
        case _:
            return FREE


def _bounded(schema: Any) -> _Length:  # noqa: ANN401 - a JSON Schema may be anything
    match schema:
        case {"type": "string", "maxLength": int(most)}:
            least = schema.get("minLength", 0)
            return _Length(characters=each(lambda level: QUOTES + max(least, most * REPLY_SHARE.at(level))))
        case {"type": "array", "items": items, "maxItems": int(most)}:
            return _items(_length(items), least=schema.get("minItems", 0), most=most)
        case {"type": "object", "properties": dict(properties)} if properties:
            return _fields({str(name): _length(inner) for name, inner in properties.items()})
        case _:
            return FREE


def _one_of(values: list[Any]) -> _Length:
    sizes = [len(json.dumps(value, ensure_ascii=False)) for value in values]
    return _Length(characters=Spread(low=min(sizes), likely=sum(sizes) / len(sizes), high=max(sizes)))


def _items(item: _Length, *, least: int, most: int) -> _Length:
    counts = Spread(low=least, likely=(least + most) / 2, high=most)
    each_item = item.characters + Spread(low=SEPARATOR, likely=SEPARATOR, high=SEPARATOR)
    return _Length(characters=each(lambda level: QUOTES + counts.at(level) * each_item.at(level)), is_open=item.is_open)


def _fields(fields: dict[str, _Length]) -> _Length:
    names = sum(len(name) + NAMED for name in fields) + QUOTES
    values = sum_spreads(length.characters for length in fields.values())
    frame = Spread(low=names, likely=names, high=names)
    return _Length(characters=frame + values, is_open=any(length.is_open for length in fields.values()))
