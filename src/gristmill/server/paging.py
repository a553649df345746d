"""Places in lists as opaque cursors, and back."""

from collections.abc import Iterator
from contextlib import contextmanager

from gristmill.domain.paging import Place
from gristmill.errors import InvalidCursorError, NotFoundError
from gristmill.jobs.cursors import read_cursor, write_cursor


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
