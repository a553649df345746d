"""What an address says of a list of records, and how values stand in its table."""

from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams

from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.listing import ListedRow, RowPlace
from gristmill.jobs.records import RecordItem
from gristmill.web.records.view import LONGEST_CELL, RecordTable, RecordView, Shape, read_view


def item(record: JsonObject | None, score: float | None = None) -> RecordItem:
    row = ListedRow(
        place=RowPlace(Slot(0), 0),
        standing="accepted",
        record=record,
        reason=None,
        detail="",
        score=score,
        finished_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return RecordItem(row=row, mark=None)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "q=a+b&status=all&score_min=4&mark=bad&from=7",
        "status=rejected&reason=too+short",
        "field.a.b=1&field.c=&cursor=abc",
    ],
)
def test_an_address_is_read_and_written_the_same(address: str) -> None:
    assert read_view(QueryParams(address)).address == address


def test_what_is_not_known_is_no_filter() -> None:
    assert read_view(QueryParams("status=odd&mark=odd&other=1")) == RecordView()


def test_another_field_begins_at_the_first_page_again() -> None:
    view = RecordView(first="9", cursor="abc", fields={"a": "1"})
    assert view.having("b", "2").address == "field.a=1&field.b=2"
    assert view.without("a").address == "from=9"


def test_half_a_letter_does_not_break_an_address() -> None:
    assert RecordView().having("a", "\ud800x").address == "field.a=%3Fx"


def test_columns_are_the_first_fields_of_what_there_is() -> None:
    table = RecordTable.of([item(None), item({"a": 1}), item({"b": 2, "a": 3}, score=4.0)])
    assert (table.shape.columns, table.shape.has_scores) == (["a", "b"], True)
    assert len(RecordTable.of([item({str(i): i for i in range(99)})]).shape.columns) == 6


def test_rows_stand_under_the_columns_that_are_there() -> None:
    (row,) = RecordTable.of([item({"b": 2})], Shape(columns=["a"], has_scores=False)).rows
    assert row.cells == [None]


def test_a_cell_is_clipped_and_only_short_scalars_lead_to_their_like() -> None:
    record: JsonObject = {
        "text": "x" * 9999,
        "word": "yes",
        "number": 1.5,
        "flag": True,
        "list": [1, {"a": None}],
        "none": None,
    }
    (row,) = RecordTable.of([item(record)]).rows
    text, word, number, flag, listed, none = row.cells
    assert text is not None and (len(text.text), text.value) == (LONGEST_CELL + 1, None)  # noqa: PT018
    assert word is not None and word.value == "yes"  # noqa: PT018
    assert number is not None and number.value == "1.5"  # noqa: PT018
    assert flag is not None and flag.value == "true"  # noqa: PT018
    assert listed is not None and (listed.text, listed.value, listed.is_json) == ('[1,{"a":null}]', None, True)  # noqa: PT018
    assert none is None
