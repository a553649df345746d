"""The template language as a JSON Schema, so that editors can complete and check what a user writes."""

from typing import get_args

from gristmill.domain.completion import Role
from gristmill.domain.json import Json, JsonObject
from gristmill.recipes import limits

_EXPRESSION: JsonObject = {"type": "string", "pattern": r"^\s*\{\{[\s\S]*\}\}\s*$"}
_IDENTIFIER = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"


def template_schema() -> JsonObject:
    """The JSON Schema (draft 2020-12) of a template, without what only the compiler can see."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gristmill template",
        **_table(
            {
                "name": _said("What the template is called.", {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}),
                "description": _said("What its records are for.", {"type": "string"}),
                "seeds": _said("JSON Schema of one seed row; derived when left out.", {"type": "object"}),
                "vary": _said("Values sampled for each record.", _named(_variation())),
                "defaults": _said("What every step falls back to.", _table(_calling())),
                "steps": _said("The model calls of one record.", _steps()),
                "record": _said("The finished record; by default each step's output.", _named({}, least=1)),
                "checks": _said("What a record must pass.", {"type": "array", "items": _check()}),
                "attempts": _said("How often to try again.", _attempts()),
                "export": _said("What each trainer's format takes from a record.", _export()),
                "fragment": _said("Text and macros that other templates include or import.", {"type": "string"}),
            },
            required=("name",),
        ),
        "anyOf": [{"required": ["steps"]}, {"required": ["fragment"]}],
    }


def _said(words: str, schema: JsonObject) -> JsonObject:
    return {"description": words, **schema}


def _table(properties: JsonObject, required: tuple[str, ...] = ()) -> JsonObject:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _named(values: JsonObject, least: int = 0) -> JsonObject:
    return {"type": "object", "minProperties": least, "additionalProperties": values}


def _number(low: float, high: float, kind: str = "number") -> JsonObject:
    return {"type": kind, "minimum": low, "maximum": high}


def _pair(kind: str, limit: float) -> JsonObject:
    return {"type": "array", "minItems": 2, "maxItems": 2, "items": _number(-limit, limit, kind)}


def _variation() -> JsonObject:
    options: Json = {"type": "array", "minItems": 1}
    weights = _named(_number(0, limits.MAX_WEIGHT), least=1)
    seeds: JsonObject = {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{limits.MAX_NAME}}}$"}
    weight = _said("The field of a row that says how often it comes.", {"type": "string", "minLength": 1})
    number = {"number": _pair("number", limits.MAX_NUMBER), "round": _number(0, limits.MAX_DECIMALS, "integer")}
    return {
        "oneOf": [
            options,
            _table({"choice": {"oneOf": [options, weights]}}, required=("choice",)),
            _table({"integer": _pair("integer", limits.MAX_INTEGER)}, required=("integer",)),
            _table(number, required=("number",)),
            _table({"seeds": _said("A seed set, given with --seeds NAME=FILE.", seeds), "weight": weight}, ("seeds",)),
        ]
    }


def _calling() -> JsonObject:
    text: JsonObject = {"type": "string", "minLength": 1}
    return {
        "model": _said("An alias such as cheap, or provider:model.", {"type": "string", "minLength": 1}),
        "temperature": _number(0, 2),
        "top_p": _number(0, 1),
        "max_tokens": _number(1, limits.MAX_TOKENS, "integer"),
        "stop": {"oneOf": [text, {"type": "array", "items": text}]},
        "timeout": _said("Seconds.", _number(1, limits.MAX_TIMEOUT_SECONDS)),
    }


def _steps() -> JsonObject:
    step = _table(
        {
            "id": {"type": "string", "pattern": _IDENTIFIER},
            "when": _said("Skip the step unless this is true.", _EXPRESSION),
            "system": {"type": "string"},
            "prompt": {"type": "string"},
            "messages": _said("The conversation, instead of system and prompt.", _many(_message())),
            "examples": _said("Prompts with the replies they should get.", _many(_example())),
            "output": _said(
                "JSON Schema of the reply; text when left out.", {"oneOf": [{"type": "object"}, {"const": "text"}]}
            ),
            **_calling(),
        },
        required=("id",),
    )
    asks: Json = [
        {"required": ["prompt"], "not": {"required": ["messages"]}},
        {"required": ["messages"], "not": {"anyOf": [{"required": [key]} for key in ("system", "prompt", "examples")]}},
    ]
    step = {**step, "oneOf": asks}
    return {"type": "array", "minItems": 1, "maxItems": limits.MAX_STEPS, "items": step}


def _many(items: JsonObject) -> JsonObject:
    return {"type": "array", "minItems": 1, "items": items}


def _message() -> JsonObject:
    role: JsonObject = {"enum": get_args(Role)}
    return _table({"role": role, "content": {"type": "string"}}, required=limits.MESSAGE_KEYS)


def _example() -> JsonObject:
    reply = _said("Text, or a value that the step's output schema allows.", {})
    return _table({"prompt": {"type": "string"}, "reply": reply}, required=limits.EXAMPLE_KEYS)


def _check() -> JsonObject:
    name: JsonObject = {"type": "string", "minLength": 1}
    names: JsonObject = {"oneOf": [name, {"type": "array", "minItems": 1, "items": name}]}
    reason: JsonObject = {"reason": {"type": "string"}}
    similarity = _said("0.85 when left out.", _number(limits.LEAST_SIMILARITY, 1))
    judge: JsonObject = {
        **{key: schema for key, schema in _calling().items() if key != "model"},
        "judge": _said("The model that judges.", name),
        "ask": _said("What it is asked about the record.", {"type": "string"}),
        "at_least": _said("The lowest score that passes, of 1 to 5.", _number(1, limits.BEST_SCORE, "integer")),
    }
    sql = {
        "sql": _said("A query that must run in SQLite.", {"type": "string"}),
        "setup": _said("Statements that build its tables.", {"type": "string"}),
        "rows": _said("How many rows it must give at least.", _number(0, limits.MAX_CHECK_ROWS, "integer")),
    }
    schema = {
        "schema": _said(
            "A JSON Schema, or an expression that gives one.", {"oneOf": [{"type": "object"}, _EXPRESSION]}
        ),
        "of": _said("The value that must satisfy it.", _EXPRESSION),
    }
    return {
        "oneOf": [
            _table({"expect": _EXPRESSION, **reason}, required=("expect",)),
            _table({"unique": names}, required=("unique",)),
            _table({"distinct": names, "similarity": similarity}, required=("distinct",)),
            _table({**judge, **reason}, required=("judge", "ask")),
            _table({**sql, **reason}, required=("sql",)),
            _table({**schema, **reason}, required=("schema", "of")),
        ]
    }


def _attempts() -> JsonObject:
    return _table(
        {
            "repair": _said("Corrections of each reply.", _number(0, limits.MAX_REPAIR, "integer")),
            "redraw": _said("Further attempts at each record.", _number(0, limits.MAX_REDRAW, "integer")),
        }
    )


def _export() -> JsonObject:
    formats = {
        name: _table(
            {key: {} for key in keys}, required=tuple(key for key in keys if key not in limits.OPTIONAL_EXPORT_KEYS)
        )
        for name, keys in limits.EXPORT_KEYS.items()
    }
    return _table({**formats, "huggingface": _named({}, least=1)})
