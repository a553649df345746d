"""What an estimate rests on: the load of one attempt and the chance that it is accepted, guessed or measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gristmill.domain.completion import ModelName
from gristmill.jobs.spread import NOTHING, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Calls, tokens and cost (in nano-dollars): of one attempt, or of all of them."""

    calls: Spread = NOTHING
    input: Spread = NOTHING
    output: Spread = NOTHING
    cost: Spread = NOTHING

    def __add__(self, other: "Load") -> "Load":
        return Load(
            calls=self.calls + other.calls,
            input=self.input + other.input,
            output=self.output + other.output,
            cost=self.cost + other.cost,
        )

    def times(self, attempts: Spread) -> "Load":
        """The load of so many attempts."""
        return Load(
            calls=self.calls * attempts,
            input=self.input * attempts,
            output=self.output * attempts,
            cost=self.cost * attempts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """One attempt: its load in all and by model, the seconds of its calls one after another, its acceptance.

    `start_seconds` pass before the first call and after the last. `words` say how all of it was found.
    """

    source: Literal["assumed", "pilot"]
    load: Load
    models: Mapping[ModelName, Load]
    seconds: Spread
    acceptance: Spread
    start_seconds: Spread
    words: str
    warnings: Sequence[str] = ()
