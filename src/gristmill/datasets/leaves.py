"""The values in a record, as they are searched: all text in one, and a short fingerprint for each field's value."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias
from zlib import crc32

from gristmill.datasets.jsontext import plain_json
from gristmill.domain.json import Json, JsonObject

Scalar: TypeAlias = bool | int | float | str | None
Leaf: TypeAlias = tuple[str, Scalar]

# Stands between two values in the text that is searched, and in no text that anybody writes (unit separator).
GAP = "\x1f"

JSON_SCALAR = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null")


def leaves_of(record: JsonObject) -> list[Leaf]:
    """Every scalar in the record with its dotted path; those of a list stand under the list's own path."""
    leaves = list[Leaf]()
    for name, value in record.items():
        _collect(name, value, leaves)
    return leaves


def text_of(leaves: Sequence[Leaf]) -> str:
    """All values as they are searched, a gap between two."""
    return fold(GAP.join([value if isinstance(value, str) else plain_json(value).decode() for _, value in leaves]))


def fold(text: str) -> str:
    """The text as it is compared: without case. A lone surrogate, which no file can hold, becomes a question mark."""
    return text.lower() if text.isascii() else text.casefold().encode("utf-8", "replace").decode()


def fingerprints_of(leaves: Sequence[Leaf]) -> list[int]:
    """32 bits (CRC-32) of each value under its path: equal ones have equal ones; of a million, a few others too."""
    return [_fingerprint(path, value) for path, value in leaves]


def fingerprints(path: str, text: str) -> list[int]:
    """Those of the values at this path that a text stands for; see `has_value`."""
    return [_fingerprint(path, value) for value in _readings(text)]


def has_value(record: JsonObject, path: str, text: str) -> bool:
    """Whether the field, or one of its list, is this text as a string, or what the text is in JSON."""
    words = {_word(value) for value in _readings(text)}
    return any(at == path and _word(value) in words for at, value in leaves_of(record))


def _collect(path: str, value: Json, leaves: list[Leaf]) -> None:
    if value is None or isinstance(value, (str, int, float)):
        leaves.append((path, value))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _collect(f"{path}.{name}", inner, leaves)
    else:
        for inner in value:
            _collect(path, inner, leaves)


def _readings(text: str) -> list[Scalar]:
    value: Scalar = json.loads(text) if JSON_SCALAR.fullmatch(text) else text
    is_endless = isinstance(value, float) and not math.isfinite(value)
    return [text] if value == text or is_endless else [text, value]


def _fingerprint(path: str, value: Scalar) -> int:
    kind, word = _word(value)
    return crc32(word, _start(path, kind))


def _word(value: Scalar) -> tuple[str, bytes]:
    if isinstance(value, str):
        return "string", value.encode("utf-8", "surrogatepass")
    # 5 and 5.0 are the same number.
    return "other", plain_json(int(value) if isinstance(value, float) and value.is_integer() else value)


@lru_cache(maxsize=4096)
def _start(path: str, kind: str) -> int:
    return crc32(f"{path}\0{kind}\0".encode("utf-8", "surrogatepass"))
