"""The kinds of `vary`, and the generator they draw from."""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from math import lcm
from typing import TypeAlias

from gristmill.domain.json import Json


class Chance:
    """A stream of random bits from a key: BLAKE2b in counter mode, so that no Python version changes it."""

    __slots__ = ("_block", "_key", "_left", "_number")

    def __init__(self, key: bytes) -> None:
        """Start the stream of a key of 64 bytes; the key itself, a digest, is its first block."""
        self._key = key
        self._block = int.from_bytes(key, "big")
        self._left = 512
        self._number = 0

    def bits(self, count: int) -> int:
        """A number of so many bits, at most 512."""
        if count > self._left:
            self._number += 1
            block = blake2b(self._number.to_bytes(8, "big"), key=self._key)
            self._block, self._left = int.from_bytes(block.digest(), "big"), 512
        self._left -= count
        taken = self._block & ((1 << count) - 1)
        self._block >>= count
        return taken

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1, each exactly as likely: what falls outside is drawn again."""
        count = (limit - 1).bit_length()
        while (number := self.bits(count)) >= limit:
            pass
        return number

    def unit(self) -> float:
        """A number from 0 up to 1, in steps of 2**-53."""
        return self.bits(53) / (1 << 53)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options; `bounds` are their whole weights added up."""

    options: tuple[Json, ...]
    bounds: tuple[int, ...]

    @classmethod
    def weighted(cls, options: tuple[Json, ...], weights: tuple[float, ...]) -> "Choice":
        """The options with weights as written: 0.1 is a tenth, exactly."""
        exact = [Fraction(repr(weight)) for weight in weights]
        scale = lcm(*(weight.denominator for weight in exact))
        return cls(options, tuple(accumulate(int(weight * scale) for weight in exact)))

    @classmethod
    def uniform(cls, options: tuple[Json, ...]) -> "Choice":
        """Each option as likely as the others."""
        return cls(options, tuple(range(1, len(options) + 1)))

    def draw(self, chance: Chance) -> Json:
        """One option."""
        return self.options[bisect_right(self.bounds, chance.below(self.bounds[-1]))]

    def outline(self) -> Json:
        """What the digest of a recipe is taken of."""
        return ["choice", self.options, self.bounds]


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int

    def draw(self, chance: Chance) -> Json:
        """One number."""
        return self.low + chance.below(self.high - self.low + 1)

    def outline(self) -> Json:
        """What the digest of a recipe is taken of."""
        return ["integer", self.low, self.high]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A number from `low` up to `high`."""

    low: float
    high: float

    def draw(self, chance: Chance) -> Json:
        """One number."""
        return min(self.low + (self.high - self.low) * chance.unit(), self.high)

    def outline(self) -> Json:
        """What the digest of a recipe is taken of."""
        return ["number", self.low, self.high]


@dataclass(frozen=True, slots=True)
class RoundedRange:
    """A number with `places` decimals, from `low` to `high` of its last decimal, each as likely."""

    low: int
    high: int
    places: int

    def draw(self, chance: Chance) -> Json:
        """One number: a quotient of whole numbers, so it is the float nearest to its decimal form."""
        number = self.low + chance.below(self.high - self.low + 1)
        return number / 10**self.places if self.places else number

    def outline(self) -> Json:
        """What the digest of a recipe is taken of."""
        return ["rounded", self.low, self.high, self.places]


@dataclass(frozen=True, slots=True)
class SeedRow:
    """A row of the seed set `seeds`: each as likely, or in proportion to its field `weight`."""

    seeds: str
    weight: str | None = None

    def outline(self) -> Json:
        """What the digest of a recipe is taken of."""
        return ["seeds", self.seeds, self.weight]


Variation: TypeAlias = Choice | IntegerRange | NumberRange | RoundedRange | SeedRow
