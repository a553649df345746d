"""Signatures of texts for `distinct`: two are the more alike the more words and pairs of words their texts share."""

import re
import unicodedata
from itertools import pairwise

import numpy as np
from rensa import RMinHash

from gristmill.domain.json import Json, canonical
from gristmill.domain.likeness import LANES

# Part of the digest of every recipe with a `distinct`: workers that would make other signatures do not mix.
RULE = f"words-and-pairs-1/minhash-{LANES}/rensa-{RMinHash.ALGORITHM_VERSION}"

_SEED = 42
# Scripts that write without spaces: each character is a word (kana, Han, Thai, Lao, Myanmar, Khmer).
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# What punctuates prose says nothing of what it means; other signs do: `a - b` is not `a + b`.
_PROSE_SIGNS = r".,;:!?()\[\]{}\"'`\u00a1\u00ab\u00bb\u00bf\u2010-\u2027\u3001\u3002\u300a-\u3011"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s{_PROSE_SIGNS}]")


def signature_of(values: list[Json]) -> tuple[int, ...]:
    """The MinHash signature of the values' texts, as 64-bit fingerprints: the same on every machine.

    A value that is no text counts as its canonical JSON. Takes about 0.1 ms for sixty words, and more in proportion.
    """
    text = "\n".join(value if isinstance(value, str) else canonical(value) for value in values)
    minhash = RMinHash(LANES, _SEED)
    minhash.update(shingles_of(text))
    lanes = np.array(minhash.digest(), dtype="<u4").astype("<u2")
    return tuple(lanes.view("<u8").tolist())


def shingles_of(text: str) -> list[str]:
    """What is compared of a text: its words and its pairs of neighbouring words, in NFKC and without case.

    A text without a word is one shingle, whole.
    """
    plain = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).casefold()
    words = _WORD.findall(plain)
    return words + [f"{left} {right}" for left, right in pairwise(words)] or [plain.strip()]
