"""Lists in pages, each with an opaque cursor to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from gristmill.domain.paging import Place
from gristmill.errors import InvalidCursorError, NotFoundError
from gristmill.jobs.cursors import read_cursor, write_cursor

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before. Take it as it is.")
]

DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def read_id(of: str, cursor: str | None) -> str | None:
    """The id after which a list goes on, None without a cursor. Raises InvalidCursorError."""
    return None if cursor is None else str(*read_cursor(of, cursor, str))


def read_number(of: str, cursor: str | None) -> int | None:
    """The number at which a list goes on, None without a cursor. Raises InvalidCursorError."""
    return None if cursor is None else int(*read_cursor(of, cursor, int))


def read_place(of: str, cursor: str | None, key: type[str] | type[int]) -> Place | None:
    """The place after which a list that is sorted by such a key goes on. Raises InvalidCursorError."""
    if cursor is None:
        return None
    value, name = read_cursor(of, cursor, key, str)
    return Place(key=value, id=str(name))


def write_place(of: str, place: Place | None) -> str | None:
    """The cursor that `read_place` reads; None where there are no more."""
    return None if place is None else write_cursor(of, place.key, place.id)


@contextmanager
def refuse_stray() -> Iterator[None]:
    """Let a place that a list does not know be a cursor that is none of this list."""
    try:
        yield
    except NotFoundError as error:
        raise InvalidCursorError from error
