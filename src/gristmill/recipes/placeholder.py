"""What stands for an output that is not known before its call is made."""

import json
from typing import Any

from gristmill.domain.json import Json
from gristmill.recipes.recipe import Step


def placeholder(step: Step, *, filler: str = "") -> Json:
    """`‹id›` for a text, and for each text in a schema's shape `‹id.path›`; `filler` is put behind it."""
    if step.schema is None:
        return f"‹{step.id}›{filler}"
    return _fill(json.loads(step.schema.text), step.id, filler)


def _fill(schema: Any, path: str, filler: str) -> Json:  # noqa: ANN401 - a JSON Schema may be anything
    match schema:
        case {"const": value} | {"enum": [value, *_]}:
            filled: Json = value
        case {"type": "object"}:
            properties = schema.get("properties", {})
            filled = {name: _fill(inner, f"{path}.{name}", filler) for name, inner in properties.items()}
        case {"type": "array"}:
            filled = [_fill(schema.get("items"), f"{path}[]", filler)]
        case {"type": "integer" | "number"}:
            filled = schema.get("minimum", 1)
        case {"type": "boolean"}:
            filled = True
        case _:
            filled = f"‹{path}›{filler}"
    return filled
