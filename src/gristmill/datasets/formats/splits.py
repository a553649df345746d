"""Parts of a dataset: which records train and which test, the same ones however many there are."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.domain.ids import Slot
from gristmill.domain.json import canonical
from gristmill.errors import BadInputError

WORDS = "Write names and shares that add up to 1, such as train=0.9,test=0.1."
MOST_SPLITS = 16

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Names and shares. A record's split depends on the random seed and its slot alone."""

    shares: Mapping[str, float] = field(default_factory=lambda: {"train": 1.0})
    random_seed: int = 0

    def of(self, slot: Slot) -> str:
        """The split of a slot: the one on whose part of 0 to 1 its point falls."""
        point, end, name = _point(self.random_seed, slot), 0.0, ""
        for name, share in self.shares.items():
            end += share
            if point < end:
                return name
        # Shares add up to 1 but for rounding.
        return name


def _point(random_seed: int, slot: Slot) -> float:
    digest = hashlib.blake2b(canonical([random_seed, slot]).encode(), digest_size=8, person=b"gristmill-split").digest()
    return int.from_bytes(digest) / 2**64


def parse_splits(text: str) -> Mapping[str, float]:
    """Shares written as `train=0.9,test=0.1`. Raises BadInputError."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = (piece.strip() for piece in part.partition("="))
        _check_name(name)
        if name in shares:
            raise BadInputError(f"The split {name!r} stands there twice. {WORDS}")
        shares[name] = _share(name, share)
    return check_splits(shares)


def check_splits(shares: Mapping[str, float]) -> Mapping[str, float]:
    """The shares, if they are such. Raises BadInputError."""
    for name, share in shares.items():
        _check_name(name)
        if not 0 < share <= 1:
            raise BadInputError(_no_share(name, f"{share:g}"))
    if not 0 < len(shares) <= MOST_SPLITS:
        raise BadInputError(f"A dataset has at most {MOST_SPLITS} splits, not {len(shares)}.")
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise BadInputError(f"The shares add up to {sum(shares.values()):g}. {WORDS}")
    return shares


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadInputError(f"{name!r} is no name for a split: small letters, digits and underscores. {WORDS}")


def _share(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadInputError(_no_share(name, text)) from error


def _no_share(name: str, text: str) -> str:
    return f"The share of {name!r} is {text!r}, not a number above 0 and up to 1. {WORDS}"
