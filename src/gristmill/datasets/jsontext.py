"""JSON as bytes and back, fast, and without losing what the fast library refuses."""

import json
import re
from datetime import datetime
from typing import Any

import orjson

# A leading space marks a text that only the standard library reads back exactly.
EXACT = b" "

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(value: object) -> bytes:
    """The value as one line of UTF-8 JSON, keys in their order, times as RFC 3339.

    Integers beyond 64 bits and lone surrogates, which orjson refuses, are kept by the standard library.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return EXACT + json.dumps(value, separators=(",", ":"), default=datetime.isoformat).encode()


def from_json(text: bytes) -> Any:  # noqa: ANN401 - whatever the text says
    """The value that `to_json` wrote. Raises ValueError for what is no JSON."""
    return json.loads(text) if text.startswith(EXACT) else orjson.loads(text)


def clean(text: str) -> str:
    """The text with each lone surrogate, which no UTF-8 file can hold, replaced by U+FFFD."""
    return text if text.isascii() else LONE_SURROGATE.sub("\ufffd", text)


def plain_json(value: object) -> bytes:
    """The value as JSON for others to read: `to_json` without its mark."""
    return to_json(value).removeprefix(EXACT)
