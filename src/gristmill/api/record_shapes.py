"""The shapes of records, and of what is known about them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from gristmill.api.shapes import In, JsonRecord, TokensShape, UsdText
from gristmill.domain.call import CallKind, Certainty
from gristmill.domain.listing import Standing
from gristmill.domain.mark import Opinion
from gristmill.jobs.marks import LONGEST_NOTE, MOST_SLOTS
from gristmill.jobs.trace import Outcome


class MarkShape(BaseModel):
    """What a person thinks of a record."""

    mark: Opinion
    note: str
    at: datetime


class RecordShape(BaseModel):
    """A record, or an attempt that was rejected. `score` is the lowest that a judge gave."""

    slot: int
    attempt: int
    status: Standing
    record: JsonRecord | None
    reason: str | None
    detail: str
    score: float | None
    mark: MarkShape | None
    finished_at: datetime


class AttemptShape(BaseModel):
    """One attempt at a slot, with each call and check."""

    attempt: int
    outcome: Outcome
    reason: str | None
    detail: str
    calls: list[JsonRecord]
    checks: list[JsonRecord]


class TraceShape(BaseModel):
    """How one record came to be."""

    slot: int
    status: Outcome
    record: JsonRecord | None
    seed_row: int | None
    seed: JsonRecord | None
    values: JsonRecord
    attempts: list[AttemptShape]
    mark: MarkShape | None


class MarksIn(In):
    """Slots, and what you think of their records; null takes marks away."""

    slots: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(min_length=1, max_length=MOST_SLOTS)
    mark: Opinion | None
    note: str = Field(default="", max_length=LONGEST_NOTE)


class RejectGroupShape(BaseModel):
    """The attempts rejected for one reason."""

    reason: str
    count: int
    examples: list[RecordShape]


class RejectsShape(BaseModel):
    """Rejected attempts by reason, most frequent first."""

    rejected: int
    reasons: list[RejectGroupShape]


class LedgerEntryShape(BaseModel):
    """What one call cost. `presumed` is a worst case where the provider reported nothing; `lost` adds nothing."""

    at: datetime
    slot: int
    attempt: int
    step: str
    kind: CallKind
    certainty: Certainty
    model: str
    tokens: TokensShape
    cost_usd: UsdText
    price_table: str


class LedgerTotals(BaseModel):
    """The sums of the whole ledger, and what is charged as lost beside it."""

    billed_usd: UsdText
    presumed_usd: UsdText
    lost_usd: UsdText


class LedgerShape(BaseModel):
    """Some entries, in the order of commits."""

    items: list[LedgerEntryShape]
    next_cursor: str | None
    totals: LedgerTotals


class StatisticsShape(BaseModel):
    """What records are like; `counted` of the accepted ones were looked at, all of them when `is_whole`."""

    accepted: int
    rejected: int
    rejects: dict[str, int]
    duplicates: dict[str, int]
    counted: int
    is_whole: bool
    fields: dict[str, dict[str, Any]]
