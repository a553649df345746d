"""Which records of a job somebody wants to see, and what each looks like in a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject

# A record that was withdrawn as a duplicate is listed among the rejects.
Standing = Literal["accepted", "rejected"]


class RowPlace(NamedTuple):
    """Where a row stands in a list: rows are listed by slot, then attempt."""

    slot: Slot
    attempt: int


# Before every row.
START = RowPlace(Slot(-1), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """What must hold of a listed row, all of it; what is None or empty holds of every row.

    `fields` are texts by dotted path: a scalar there, or one of a list of scalars, is that text or that JSON. `text`
    stands somewhere in the record's values, in whatever case. `score_min` holds of no row that was not judged.
    """

    standing: Standing | None = None
    reason: str | None = None
    score_min: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    slots: tuple[Slot, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """One attempt that ended: accepted, or rejected with its reason. `score` is the lowest that a judge gave."""

    place: RowPlace
    standing: Standing
    record: JsonObject | None
    reason: str | None
    detail: str
    score: float | None
    finished_at: datetime
