"""What an attempt at a slot leaves behind."""

from datetime import datetime

from gristmill.domain.call import Call
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.value import value

# Why a record is rejected that is like one that stands.
DUPLICATE = "duplicate"
NEAR_DUPLICATE = "near_duplicate"


@value(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check said of a record: `value` is its score, where it has one, and `words` its reasons."""

    check: str
    passed: bool
    value: float | None = None
    words: str = ""


@value(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a segment: an accepted record, a reject, or the answers of an attempt still in the making.

    Accepted: `record` is set and `reason` is not. Reject: `reason` is set (and `record`, if it got that far).
    Unfinished: neither; its calls are ledger entries that whoever takes the shard next goes on from.
    """

    slot: Slot
    attempt: int
    seed_row: int | None
    values: JsonObject
    record: JsonObject | None
    calls: tuple[Call, ...]
    checks: tuple[CheckResult, ...] = ()
    fingerprints: tuple[int, ...] = ()
    reason: str | None = None
    detail: str = ""
    finished_at: datetime

    @property
    def is_accepted(self) -> bool:
        """Whether this row is a record that passed every check."""
        return self.record is not None and self.reason is None

    @property
    def is_reject(self) -> bool:
        """Whether this row is an attempt that failed for good."""
        return self.reason is not None
