"""A template compiled and checked: what generation reads, and nothing of how it was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

from jsonschema_rs import Validator

from gristmill.domain.completion import Role, Sampling, Schema
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.json import Json, canonical
from gristmill.domain.value import value
from gristmill.recipes.texts import Text
from gristmill.recipes.variation import Variation


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a step's prompt, before it is rendered."""

    role: Role
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model call: `model` is an alias or a model name, `needs` the steps whose outputs its prompts mention.

    `validator` checks what `schema` says; without a schema the output is the reply's text.
    """

    id: str
    model: str
    sampling: Sampling
    turns: tuple[Turn, ...] = ()
    schema: Schema | None = None
    validator: Validator | None = field(default=None, compare=False, repr=False)
    when: Text | None = None
    needs: frozenset[str] = frozenset()

    @property
    def is_conditional(self) -> bool:
        """Whether the step may be skipped."""
        return self.when is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A value of the record that is as written."""

    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list of the record, each item filled in."""

    items: "tuple[Shape, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOf:
    """An object of the record, each field filled in."""

    fields: "Mapping[str, Shape]"


# How a value of the record is made.
Shape: TypeAlias = Text | Constant | ListOf | ObjectOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """A check: the expression must come out true of the record. `name` is its place among the checks, from 1."""

    name: str
    expression: Text
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """A check: no other record of the job has the same values in these fields."""

    name: str
    index: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """A check: no other record of the job has nearly the same text in these fields; `similarity` is of shingles."""

    name: str
    index: int
    fields: tuple[str, ...]
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A check by a model, which scores the record from 1 to 5 by `ask`. `step` is its call, without turns."""

    step: Step
    ask: Text
    at_least: int
    reason: str

    @property
    def name(self) -> str:
        """Its place among the checks: no step can have this id."""
        return self.step.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A check: the query must run in SQLite after `setup`, and give at least `rows` rows."""

    name: str
    query: Text
    setup: Text | None
    rows: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conform:
    """A check: the value of `of` must satisfy a JSON Schema, fixed (`validator`) or given by `expression`."""

    name: str
    of: Text
    reason: str
    text: str = ""
    validator: Validator | None = field(default=None, compare=False, repr=False)
    expression: Text | None = None


Check: TypeAlias = Expect | Unique | Distinct | Judge | Sql | Conform


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


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A template compiled and checked, immutable. `digest` covers all that shapes a record, and nothing of its layout:
    neither comments and spaces nor name and description, nor `exports`, which only say how finished records are handed
    on. `steps` stand in an order in which each has what it needs.
    `seed_fields` are needed of every row of the seeds, `set_fields` of those of each seed set that `vary` draws from.
    `seed_columns` are the columns of a seed row that anything reads; None when the row is read as a whole.
    """

    name: str
    description: str
    digest: Digest
    source: str
    steps: tuple[Step, ...]
    vary: Mapping[str, Variation]
    record: ObjectOf
    checks: tuple[Check, ...]
    attempts: Attempts
    seed_schema: Schema | None
    seed_fields: tuple[SeedField, ...]
    set_fields: Mapping[str, tuple[SeedField, ...]] = field(default_factory=dict)
    seed_columns: frozenset[str] | None = None
    exports: Mapping[str, ObjectOf] = field(default_factory=dict)

    @property
    def record_fields(self) -> tuple[str, ...]:
        """The fields of a finished record, in order."""
        return tuple(self.record.fields)

    @property
    def models(self) -> frozenset[str]:
        """The aliases and model names the recipe calls."""
        return frozenset(step.model for step in self.calls)

    # Asked for with every record: found once.
    @cached_property
    def judges(self) -> tuple[Judge, ...]:
        """The checks by models, in order."""
        return tuple(check for check in self.checks if isinstance(check, Judge))

    @cached_property
    def calls(self) -> tuple[Step, ...]:
        """All that a record calls models for: its steps, then its judges."""
        return (*self.steps, *(judge.step for judge in self.judges))

    @property
    def uniques(self) -> int:
        """How many `unique` checks there are."""
        return sum(isinstance(check, Unique) for check in self.checks)

    @property
    def similarities(self) -> tuple[float, ...]:
        """The similarity of each `distinct` check, in order."""
        return tuple(check.similarity for check in self.checks if isinstance(check, Distinct))

    def reason_of(self, check: str) -> str:
        """The reason the template gives for the check of this name: what rejects are counted by."""
        reasons = {one.name: one.reason for one in self.checks if not isinstance(one, Unique | Distinct)}
        return reasons.get(check, check)

    @property
    def is_chain(self) -> bool:
        """Whether each step needs the one before it, so that no two can run at the same time."""
        return all(before.id in step.needs for before, step in pairwise(self.steps))

    @property
    def is_distinct(self) -> bool:
        """Whether some check compares a record with all others of the job."""
        return any(isinstance(check, Unique | Distinct) for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class DrawKey:
    """What every draw depends on beside slot and attempt."""

    recipe: Digest
    seeds: Mapping[str, Digest]
    random_seed: int

    def frame(self, slot: Slot, attempt: int) -> str:
        """The canonical JSON of `[recipe, seeds, random_seed, slot, attempt]`: what one draw is keyed by."""
        return f"{self._beginning},{slot},{attempt}]"

    @cached_property
    def _beginning(self) -> str:
        # The same for every record: written once.
        return canonical([self.recipe, dict(self.seeds), self.random_seed]).removesuffix("]")


@value(frozen=True, slots=True)
class Parsed:
    """A reply that satisfies its step: text, or the value its schema asked for."""

    output: Json


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A reply that does not, and why, in words a model can act on."""

    why: str
