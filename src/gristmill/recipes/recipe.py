"""A template compiled and checked: what generation reads, and nothing of how it was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.domain.completion import Sampling, Schema
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.json import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model call: `model` is an alias or a model name, `needs` the steps whose outputs its prompts mention."""

    id: str
    model: str
    sampling: Sampling
    schema: Schema | None = None
    needs: frozenset[str] = frozenset()
    is_conditional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How often a reply is repaired (for each step of an attempt), and a slot redrawn after its first attempt."""

    repair: int = 1
    redraw: int = 2

    @property
    def limit(self) -> int:
        """The most attempts a slot may take."""
        return 1 + self.redraw


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedField:
    """A field the prompts need of every seed row, as a path (`author`, `biography`), and where they first need it."""

    path: tuple[str, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What prompts may mention: the seed row, the drawn values, and the outputs of steps that ran.

    A step that was skipped is not among the outputs.
    """

    slot: Slot
    seed: JsonObject = field(default_factory=dict)
    values: JsonObject = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawKey:
    """What every draw depends on beside slot and attempt."""

    recipe: Digest
    seeds: Mapping[str, Digest]
    random_seed: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply that satisfies its step: text, or the value its schema asked for."""

    output: Json


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A reply that does not, and why, in words a model can act on."""

    why: str
