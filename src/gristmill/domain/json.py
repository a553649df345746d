"""JSON values, and the one canonical form that digests and fingerprints are taken of."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gristmill.domain.ids import Digest

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


def canonical(value: Json) -> str:
    """The value as JSON with sorted keys, no spaces and NFC text: equal values have equal texts."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def digest_of(value: Json) -> Digest:
    """The SHA-256 of the canonical form, in hexadecimal."""
    return Digest(hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest())


def fingerprint_of(value: Json) -> int:
    """64 bits of BLAKE2b over the canonical form.

    Two different values among a million share one with a probability of about 3e-8 (birthday bound).
    """
    text = canonical(value).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
