"""Numbers that are not known yet: a range, and what a few measurements say of one."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev
from typing import Literal

Level = Literal["low", "likely", "high"]

# Of ten ranges that measurements give, about eight hold the truth. Wider ones would say less of a pilot of ten records.
CONFIDENCE = 0.8
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
# A single measurement says nothing of how far others lie: half and twice are a guess.
ALONE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A range: low, likely and high."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def at(self, level: Level) -> float:
        """One of the three."""
        match level:
            case "low":
                return self.low
            case "likely":
                return self.likely
            case "high":
                return self.high

    def __add__(self, other: "Spread") -> "Spread":
        return each(lambda level: self.at(level) + other.at(level))

    def __mul__(self, other: "Spread") -> "Spread":
        return each(lambda level: self.at(level) * other.at(level))

    def times(self, number: float) -> "Spread":
        """All three times a number."""
        return each(lambda level: self.at(level) * number)


def each(function: Callable[[Level], float]) -> Spread:
    """The range whose three numbers a function gives."""
    return Spread(low=function("low"), likely=function("likely"), high=function("high"))


NOTHING = Spread()


def sum_spreads(spreads: Iterable[Spread]) -> Spread:
    """All lows, all likelies and all highs together."""
    return sum(spreads, NOTHING)


def share_of(passed: int, tried: int) -> Spread:
    """The share that will pass, from those that did: Wilson's score interval, which holds for few tries too.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.
    """
    share, square = passed / tried, _Z**2 / tried
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / tried + square / (4 * tried))
    return Spread(low=max(middle - half, 0.0), likely=share, high=min(middle + half, 1.0))


def mean_of(measured: Sequence[float]) -> Spread:
    """The mean to expect from a few measurements: Student's interval, and no less than the least of them.

    Student's quantile by the expansion 26.7.5 of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964):
    within 3 % from two degrees of freedom on.
    """
    mean = fmean(measured)
    if len(measured) == 1:
        return Spread(low=mean / ALONE, likely=mean, high=mean * ALONE)
    half = _student(len(measured) - 1) * stdev(measured) / math.sqrt(len(measured))
    return Spread(low=max(mean - half, min(measured)), likely=mean, high=mean + half)


def attempts_of_slot(acceptance: float, limit: int) -> float:
    """The attempts a slot takes in the mean, when each is accepted by this chance and there are at most `limit`."""
    return sum((1 - acceptance) ** used for used in range(limit))


def _student(freedom: int) -> float:
    z = _Z
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
