"""A filter as SQL. What a user wrote is only ever a bound value: the text of a query is made of what stands here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from gristmill.datasets.leaves import fingerprints, fold
from gristmill.domain.ids import Slot
from gristmill.domain.listing import RecordFilter, RowPlace

# A condition and the values of its question marks.
Condition: TypeAlias = tuple[str, tuple[Any, ...]]

COLUMNS = "slot, attempt, standing, record, reason, detail, score, epoch_us(finished_at)"

# Where rows come from: a table of Arrow's that is registered under this name, or a file whose path is bound.
TABLE = "shard_rows"
FILE = "read_parquet(?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows behind a place and before a slot, the first `most` of them."""

    after: RowPlace
    end: Slot
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A statement and the values of its question marks, in their order."""

    statement: str
    values: tuple[Any, ...]


def window_query(source: str, wanted: RecordFilter, window: Window, *bound: str) -> Query:
    """The rows of a window that match, by slot and attempt. `bound` are the values of the source's question marks."""
    conditions = [*_window(window), *_conditions(wanted)]
    words = " AND ".join(condition for condition, _ in conditions)
    values = [value for _, values in conditions for value in values]
    return Query(
        statement=f"SELECT {COLUMNS} FROM {source} WHERE {words} ORDER BY slot, attempt LIMIT ?",  # noqa: S608
        values=(*bound, *values, window.most),
    )


def _window(window: Window) -> Iterator[Condition]:
    # By the slot alone a reader knows which row groups it may pass over.
    yield "slot >= ? AND slot < ?", (window.after.slot, window.end)
    yield "(slot > ? OR attempt > ?)", (window.after.slot, window.after.attempt)


def _conditions(wanted: RecordFilter) -> Iterator[Condition]:
    if wanted.standing is not None:
        yield "standing = ?", (wanted.standing,)
    if wanted.reason is not None:
        yield "reason = ?", (wanted.reason,)
    if wanted.score_min is not None:
        yield "score >= ?", (wanted.score_min,)
    for path, text in wanted.fields.items():
        either = tuple(fingerprints(path, text))
        # `list_has_any` takes five times as long.
        yield f"({' OR '.join('list_contains(fields, ?::UINTEGER)' for _ in either)})", either
    if wanted.text is not None:
        yield "contains(text, ?)", (fold(wanted.text),)
    if wanted.slots is not None:
        yield "slot IN (SELECT unnest(?::BIGINT[]))", (list(wanted.slots),)
