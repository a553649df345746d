"""Lists in pages, each with an opaque cursor to the next."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from gristmill.domain.paging import Place
from gristmill.errors import InvalidCursorError, NotFoundError

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


def encode_cursor(place: str) -> str:
    """A place in a list as a cursor."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The place of a cursor, None without one. Raises InvalidCursorError for a text that never was one."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidCursorError from error
    if encode_cursor(place) != cursor or "\0" in place:
        raise InvalidCursorError
    return place


def decode_number(cursor: str | None) -> int | None:
    """The number of a cursor. Raises InvalidCursorError for one that is none."""
    place = decode_cursor(cursor)
    if place is None:
        return None
    # More digits than a store counts to.
    if not (place.isascii() and place.isdecimal() and len(place) <= 18):  # noqa: PLR2004
        raise InvalidCursorError
    return int(place)


@contextmanager
def refuse_stray() -> Iterator[None]:
    """Let a place that a list does not know be a cursor that is none of this list."""
    try:
        yield
    except NotFoundError as error:
        raise InvalidCursorError from error


def cursor_of(place: Place | None) -> str | None:
    """A place of a list that is kept in a store as a cursor; None where there are no more."""
    return None if place is None else encode_cursor(orjson.dumps([place.key, place.id]).decode())


def place_of(cursor: str | None) -> Place | None:
    """The place of such a cursor. Raises InvalidCursorError."""
    text = decode_cursor(cursor)
    if text is None:
        return None
    try:
        key, name = orjson.loads(text)
    except (ValueError, TypeError) as error:
        raise InvalidCursorError from error
    # Whole numbers are times, which a store keeps in 64 bits.
    is_key = isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool) and abs(key) < 2**63)
    if not is_key or not isinstance(name, str):
        raise InvalidCursorError
    return Place(key=key, id=name)
