"""Whether a value satisfies a JSON Schema that a template fixes, or that a seed row brings along."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice

import jsonschema_rs
import orjson

from gristmill.domain.json import Json
from gristmill.recipes.json_schemas import PATTERNS
from gristmill.recipes.replies import words_of

MAX_SCHEMA_BYTES = 64 * 1024
# Rules a schema may come to with each `$ref` replaced by what it names: a value is held against that many.
MAX_RULES = 2_000
MAX_PROBLEMS = 3
_KEPT = 64


class InvalidSchemaError(ValueError):
    """What a record or a seed row gives as a schema is none."""


def schema_problems(validator: jsonschema_rs.Validator, value: Json) -> str:
    """What is wrong with the value by the schema, in words; nothing if it is right.

    Text is taken for the JSON it holds.
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError as error:
            return f"it is not valid JSON: {error}"
    if validator.is_valid(value):
        return ""
    return "; ".join(words_of(error) for error in islice(validator.iter_errors(value), MAX_PROBLEMS))


def validator_of(given: Json) -> jsonschema_rs.Validator:
    """The validator of a schema as a value or as text. Raises InvalidSchemaError."""
    text = given if isinstance(given, str) else orjson.dumps(given).decode()
    if len(text) > MAX_SCHEMA_BYTES:
        raise InvalidSchemaError(f"it has more than {MAX_SCHEMA_BYTES:,} characters")
    return _compile(text)


@lru_cache(maxsize=_KEPT)
def _compile(text: str) -> jsonschema_rs.Validator:
    try:
        schema = orjson.loads(text)
        if not isinstance(schema, Mapping):
            raise InvalidSchemaError("it is no object")
        _Rules(schema).count(schema, ())
        return jsonschema_rs.validator_for(dict(schema), pattern_options=PATTERNS, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise InvalidSchemaError(str(getattr(error, "message", None) or error)[:300]) from error


class _Rules:
    """Counts the rules a schema comes to: references that name one another could stand for billions."""

    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._seen = 0

    def count(self, part: Json, within: tuple[str, ...]) -> None:
        """Count a part and all it refers to. Raises InvalidSchemaError past MAX_RULES, or for one within itself."""
        self._seen += 1
        if self._seen > MAX_RULES:
            raise InvalidSchemaError(f"it comes to more than {MAX_RULES:,} rules")
        if isinstance(part, Mapping):
            for reference in _references(part):
                if reference in within or not reference.startswith("#"):
                    raise InvalidSchemaError(f"the reference {reference[:80]!r} leads outside or back to itself")
                self.count(self._target(reference), (*within, reference))
            for key, inner in part.items():
                if key not in ("$defs", "definitions"):
                    self.count(inner, within)
        elif isinstance(part, list):
            for inner in part:
                self.count(inner, within)

    def _target(self, reference: str) -> Json:
        found: Json = self._root
        for word in reference.removeprefix("#").split("/")[1:]:
            name = word.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise InvalidSchemaError(f"the reference {reference[:80]!r} leads nowhere")
            found = found[name]
        if reference == "#" or (not reference.startswith("#/")):
            raise InvalidSchemaError(f"the reference {reference[:80]!r} is none that can be followed")
        return found


def _references(part: Mapping[str, Json]) -> Iterator[str]:
    for key in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = part.get(key)
        if isinstance(reference, str):
            yield reference
