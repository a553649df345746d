"""Lists in pages: where the last page ended is a condition, so that no row is skipped or told twice."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_

from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.paging import Page, Place
from gristmill.errors import InvalidCursorError

T = TypeVar("T")
MOST_INTEGER = 2**63


def read_page(
    tx: Transaction,
    asked: Select[Any],
    keys: tuple[ColumnElement[Any], ColumnElement[Any]],
    after: Place | None,
    limit: int,
    *,
    decode: Callable[[RowMapping], T],
    is_newest_first: bool,
) -> Page[T]:
    """A page of what is asked, sorted by a column and then an id. Raises InvalidCursorError for a stray place."""
    if after is not None:
        asked = asked.where(_beyond(keys, after, is_newest_first=is_newest_first))
    order = [key.desc() if is_newest_first else key.asc() for key in keys]
    # One more than wanted says whether there are more.
    found = tx.connection.execute(asked.order_by(*order).limit(limit + 1)).mappings().all()
    rows = found[:limit]
    more = len(found) > limit and bool(rows)
    names = [str(getattr(key, "name", "")) for key in keys]
    place = Place(key=rows[-1][names[0]], id=rows[-1][names[1]]) if more else None
    return Page(items=[decode(row) for row in rows], next=place)


def _beyond(
    keys: tuple[ColumnElement[Any], ColumnElement[Any]], after: Place, *, is_newest_first: bool
) -> ColumnElement[bool]:
    first, second = keys
    _refuse_strange(after, first.type.python_type)
    if is_newest_first:
        return or_(first < after.key, and_(first == after.key, second < after.id))
    return or_(first > after.key, and_(first == after.key, second > after.id))


def _refuse_strange(after: Place, kind: type) -> None:
    is_fit = type(after.key) is kind and not (isinstance(after.key, int) and abs(after.key) >= MOST_INTEGER)
    if not is_fit or any("\0" in str(part) for part in (after.key, after.id)):
        raise InvalidCursorError
