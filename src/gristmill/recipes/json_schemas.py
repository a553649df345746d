"""JSON Schemas as templates write them: checked, compiled once, and kept in the order written."""

import json
from collections.abc import Sequence

import jsonschema_rs

from gristmill.domain.completion import Schema
from gristmill.domain.json import Json
from gristmill.recipes.document import Listing, Node, Table, plain
from gristmill.recipes.findings import Code, Findings, Spot
from gristmill.recipes.schema_bounds import why_too_much

# The linear-time engine: no pattern can make a check run for ever. It knows no look-around and no back-references.
PATTERNS = jsonschema_rs.RegexOptions(size_limit=1024 * 1024, dfa_size_limit=1024 * 1024)


def compile_schema(node: Table, findings: Findings, path: str) -> jsonschema_rs.Validator | None:
    """A validator for the schema, or None when findings say what is wrong with it. It fetches nothing."""
    schema = {entry.name: plain(entry.node) for entry in node.entries}
    too_much = why_too_much(schema)
    if too_much:
        message = f"Checking a value against this schema could take for ever: {too_much}."
        findings.error(Code.INVALID_SCHEMA, message, node.spot, path=path)
        return None
    try:
        return jsonschema_rs.validator_for(schema, pattern_options=PATTERNS, validate_formats=True, offline=True)
    except jsonschema_rs.ValidationError as error:
        spot = find_spot(node, error.instance_path)
        message = f"This is not a valid JSON Schema: {error.message[:300]}."
        findings.error(Code.INVALID_SCHEMA, message, spot, path=".".join([path, *map(str, error.instance_path)]))
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        findings.error(Code.INVALID_SCHEMA, f"This is not a valid JSON Schema: {error}.", node.spot, path=path)
    return None


def schema_text(node: Node, name: str) -> Schema:
    """The schema as compact JSON. Its keys stay in the order written, because models answer in that order."""
    return Schema(name=name, text=json.dumps(plain(node), ensure_ascii=False, separators=(",", ":")))


def find_spot(node: Node, path: Sequence[str | int]) -> Spot:
    """The place of what the path leads to, or of the nearest node above it."""
    for part in path:
        below = _child(node, part)
        if below is None:
            break
        node = below
    return node.spot


def _child(node: Node, part: str | int) -> Node | None:
    match node:
        case Table():
            return next((entry.node for entry in node.entries if entry.name == str(part)), None)
        case Listing() if isinstance(part, int) and part < len(node.items):
            return node.items[part]
        case _:
            return None


def declared_fields(schema: Json) -> dict[str, Json] | None:
    """The properties an object schema declares, or None when it leaves them open."""
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) and properties else None


def is_closed(schema: Json) -> bool:
    """Whether an object schema allows no property beyond those declared."""
    return isinstance(schema, dict) and schema.get("additionalProperties") is False
