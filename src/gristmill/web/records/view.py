"""Which records a page shows, as its address says it, and how their values stand in a table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, get_args
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from gristmill.datasets.jsontext import plain_json
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.listing import Standing
from gristmill.domain.mark import Opinion
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.records import CURSOR, RecordItem, RecordQuery, Status

FIELD: Final = "field."
REASON: Final = "reason:"
STATUSES: Final[tuple[Status, ...]] = (*get_args(Standing), "all")
OPINIONS: Final[tuple[Opinion, ...]] = get_args(Opinion)

# What the form brings and no address keeps: one choice for status and reason, and a field that is to be added.
FORM_ONLY: Final = frozenset({"show", "field", "value"})
LONGEST_CURSOR: Final = 1_000
MOST_SLOT: Final = 2**31 - 1

MOST_COLUMNS: Final = 6
# A cell has two lines: nobody sees more, and a page of long records must not grow by megabytes.
LONGEST_CELL: Final = 240
# What is longer is hardly ever in two records.
LONGEST_VALUE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """The filters of a page as they were typed, "" is none, and where in the list it is.

    `first` is the slot that the list begins at; `cursor` leads to a later page of it.
    """

    text: str = ""
    status: Status = "accepted"
    reason: str = ""
    score_min: str = ""
    mark: str = ""
    first: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""

    @property
    def address(self) -> str:
        """The query string that leads to this view: "" for that of all accepted records."""
        plain = {
            "q": self.text,
            "status": "" if self.status == "accepted" else self.status,
            "reason": self.reason,
            "score_min": self.score_min,
            "mark": self.mark,
            "from": self.first,
            "cursor": self.cursor,
        }
        fields = [(f"{FIELD}{path}", value) for path, value in self.fields.items()]
        # Half a letter, which a value may hold, has no place in an address.
        return urlencode([*fields, *((name, value) for name, value in plain.items() if value)], errors="replace")

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the status is asked for."""
        return replace(self, status="accepted", cursor="") != RecordView()

    @property
    def wrong(self) -> Mapping[str, str]:
        """What is wrong, by the name of what was typed."""
        found = {}
        if self.score_min and not _is_score(self.score_min):
            found["score_min"] = "A score is a number, such as 4."
        if self.first and not _is_slot(self.first):
            found["from"] = "A slot is a whole number from 0 on."
        return found

    @property
    def query(self) -> RecordQuery:
        """What is asked for; only where nothing is wrong."""
        return RecordQuery(
            status=self.status,
            reason=self.reason or None,
            score_min=float(self.score_min) if self.score_min else None,
            fields=self.fields,
            mark=next((one for one in OPINIONS if one == self.mark), None),
            text=self.text or None,
        )

    @property
    def begins_at(self) -> str | None:
        """The cursor of the page: its own, or else that of the first slot."""
        if self.cursor:
            return self.cursor
        first = int(self.first or 0)
        return write_cursor(CURSOR, first - 1, MOST_SLOT) if first else None

    def having(self, path: str, value: str) -> "RecordView":
        """The same, of records whose field is this value."""
        return replace(self, fields={**self.fields, path: value}, first="", cursor="")

    def without(self, path: str) -> "RecordView":
        """The same, whatever the field is."""
        fields = {name: value for name, value in self.fields.items() if name != path}
        return replace(self, fields=fields, cursor="")

    @property
    def start(self) -> "RecordView":
        """The same from the first page on."""
        return replace(self, cursor="")


def read_view(params: QueryParams) -> RecordView:
    """The view of an address, or of the form that leads to one."""
    show, status = params.get("show", ""), params.get("status", "")
    reason = show.removeprefix(REASON) if show.startswith(REASON) else "" if show else params.get("reason", "")
    wanted = "rejected" if reason else show or status
    fields = {name.removeprefix(FIELD): value for name, value in params.items() if name.startswith(FIELD)}
    added = params.get("field", "").strip()
    return RecordView(
        text=params.get("q", ""),
        status=next((one for one in STATUSES if one == wanted), "accepted"),
        reason=reason,
        score_min=params.get("score_min", "").strip(),
        mark=next((one for one in OPINIONS if one == params.get("mark")), ""),
        first=params.get("from", "").strip(),
        fields={**fields, added: params.get("value", "")} if added else fields,
        cursor=params.get("cursor", "")[:LONGEST_CURSOR],
    )


def is_plain(params: QueryParams) -> bool:
    """Whether an address is as short as it can be: none that a form wrote with all that was left empty."""
    return all(name not in FORM_ONLY and (value or name.startswith(FIELD)) for name, value in params.multi_items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value in a table: its text, clipped, and `value`, by which records are found that have the same, if it is."""

    text: str
    value: str | None = None
    is_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record of a list and the cell of each column; None where it has no such field."""

    item: RecordItem
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The columns of a table: fields, and whether there is one for scores."""

    columns: Sequence[str]
    has_scores: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTable:
    """Some records under the columns of all."""

    shape: Shape
    rows: Sequence[RecordRow]

    @classmethod
    def of(cls, items: Sequence[RecordItem], shape: Shape | None = None) -> "RecordTable":
        """The records in this shape, or else in the one that suits them."""
        shape = shape or Shape(
            columns=first_fields(item.row.record for item in items),
            has_scores=any(item.row.score is not None for item in items),
        )
        rows = [RecordRow(item=item, cells=_cells(item.row.record or {}, shape.columns)) for item in items]
        return cls(shape=shape, rows=rows)


def first_fields(records: Iterable[JsonObject | None]) -> Sequence[str]:
    """The names of the records' fields in the order they come, the first few."""
    return list(dict.fromkeys(name for record in records for name in record or {}))[:MOST_COLUMNS]


def _cells(record: JsonObject, columns: Sequence[str]) -> Sequence[Cell | None]:
    return [_cell(record[name]) if record.get(name) is not None else None for name in columns]


def _cell(value: Json) -> Cell:
    if isinstance(value, str):
        return Cell(text=_clip(value), value=value if 0 < len(value) <= LONGEST_VALUE else None)
    text = plain_json(value).decode()
    is_scalar = isinstance(value, bool | int | float)
    return Cell(text=_clip(text), value=text if is_scalar else None, is_json=not is_scalar)


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


def _is_score(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_slot(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SLOT)) and int(text) <= MOST_SLOT
