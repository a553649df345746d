"""The ledger's entries: what each call asked, answered and cost."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Slot
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.usage import Usage
from gristmill.domain.value import value

CallKind = Literal["call", "repair", "judge"]

# What a judge's place is called: no step may have a colon in its id.
JUDGE_PREFIX = "judge:"

# `billed`: priced from reported usage. `presumed`: no usage came, so the worst case counts. `lost`: answered in an
# epoch whose money was charged whole, so the entry itself adds nothing.
Certainty = Literal["billed", "presumed", "lost"]


@value(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a call belongs: the same place and the same prompt may use the same answer."""

    slot: Slot
    attempt: int
    step: str
    repair: int = 0


def kind_of(place: Place) -> CallKind:
    """What a call at this place is."""
    if place.step.startswith(JUDGE_PREFIX):
        return "judge"
    return "repair" if place.repair else "call"


@value(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that ended: an answer, or a failure that may have been billed (`reply` is None then).

    `prompt` is the canonical JSON of the messages. `entry` is true in the one row that is the call's ledger entry,
    false where the call is only repeated as lineage of a record finished later.
    """

    place: Place
    kind: CallKind
    model: ModelName
    prompt: str
    reply: str | None
    finish_reason: str
    usage: Usage
    cost: NanoUsd
    certainty: Certainty
    price_table: str
    milliseconds: int
    at: datetime
    entry: bool = True

    @property
    def spent(self) -> Spent:
        """What this entry adds to the bill."""
        match self.certainty:
            case "billed":
                return Spent(billed=self.cost)
            case "presumed":
                return Spent(presumed=self.cost)
            case "lost":
                return Spent()

    def as_lineage(self) -> "Call":
        """The same call, repeated where it is not the ledger entry."""
        return replace(self, entry=False) if self.entry else self


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSums:
    """Sums over the ledger entries of one model on one day (UTC)."""

    day: str
    model: ModelName
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    spent: Spent = field(default_factory=Spent)

    def __add__(self, other: "ModelSums") -> "ModelSums":
        return replace(
            self,
            calls=self.calls + other.calls,
            usage=self.usage + other.usage,
            spent=self.spent + other.spent,
        )


@value(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """How many calls were made, sent again after a fault, failed for good, or answered from what was already paid."""

    made: int = 0
    retried: int = 0
    failed: int = 0
    replayed: int = 0

    def __add__(self, other: "CallCounts") -> "CallCounts":
        return CallCounts(
            made=self.made + other.made,
            retried=self.retried + other.retried,
            failed=self.failed + other.failed,
            replayed=self.replayed + other.replayed,
        )
