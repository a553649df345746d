"""A call as the bytes that are sent, in the form its endpoint takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson

from gristmill.domain.completion import Completion, Message, Schema

INSTRUCTION = "\n\nAnswer with JSON alone, no other words, that satisfies this JSON Schema:\n"

# OpenAI's reasoning models refuse `max_tokens`: https://platform.openai.com/docs/api-reference/chat/create
WANTS_COMPLETION_TOKENS = re.compile(r"(o\d|gpt-5)")

# What OpenAI's strict mode takes; anything else in a schema makes it refuse the call.
# https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
STRICT_WORDS = frozenset(
    (
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs"),
        *("description", "title", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minItems", "maxItems"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a call is written: by which name `max_tokens` goes, and whether the schema goes as `response_format`."""

    limit_word: str
    takes_schema: bool = True


def first_form(model: str) -> Form:
    """The form to try first with a model, by its name."""
    is_late = WANTS_COMPLETION_TOKENS.match(model) is not None
    return Form(limit_word="max_completion_tokens" if is_late else "max_tokens")


def next_form(form: Form, words: str) -> Form | None:
    """The form to try after the provider refused one with these words, or None when they blame no form."""
    lowered = words.lower()
    if form.takes_schema and ("response_format" in lowered or "json_schema" in lowered):
        return replace(form, takes_schema=False)
    # Only ever in this direction, so that no two refusals can send a call back and forth.
    if form.limit_word == "max_tokens" and "max_completion_tokens" in lowered:
        return replace(form, limit_word="max_completion_tokens")
    return None


def encode_body(model: str, request: Completion, form: Form) -> bytes:
    """The JSON that is sent. Raises TypeError when a text cannot be written as UTF-8."""
    sampling = request.sampling
    body: dict[str, Any] = {"model": model, "messages": request.messages, form.limit_word: sampling.max_tokens}
    if request.schema is not None:
        if form.takes_schema:
            body["response_format"] = _response_format(request.schema)
        else:
            body["messages"] = _with_instruction(request.messages, request.schema)
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.stop:
        body["stop"] = sampling.stop
    return orjson.dumps(body)


def _with_instruction(messages: Sequence[Message], schema: Schema) -> Sequence[Message]:
    *before, last = messages
    return (*before, Message(role=last.role, content=f"{last.content}{INSTRUCTION}{schema.text}"))


@lru_cache(maxsize=256)
def _response_format(schema: Schema) -> orjson.Fragment:
    described: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9_-]", "_", schema.name)[:64] or "reply",
        "schema": orjson.Fragment(schema.text),
    }
    if is_strict(orjson.loads(schema.text)):
        described["strict"] = True
    return orjson.Fragment(orjson.dumps({"type": "json_schema", "json_schema": described}))


def is_strict(schema: object) -> bool:
    """Whether OpenAI's strict mode takes the schema: all properties required, no others allowed, no unknown words."""
    return isinstance(schema, dict) and schema.get("type") == "object" and _is_strict_part(schema)


def _is_strict_part(schema: object) -> bool:
    if not isinstance(schema, dict) or not schema.keys() <= STRICT_WORDS:
        return False
    named = schema.get("properties", {})
    if schema.get("type") == "object" or named:
        is_closed = schema.get("additionalProperties") is False
        if not is_closed or set(schema.get("required", ())) != named.keys():
            return False
    parts = [*named.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        parts.append(schema["items"])
    return all(_is_strict_part(part) for part in parts)
