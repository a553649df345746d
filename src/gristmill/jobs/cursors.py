"""Cursors: where a list goes on, as text that means nothing to whoever keeps it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeAlias

from gristmill.datasets.jsontext import from_json, to_json
from gristmill.errors import InvalidCursorError

Place: TypeAlias = tuple[str | int, ...]

# Stores hold no larger number.
MOST = 2**63 - 1


def write_cursor(of: str, place: Place) -> str:
    """A cursor into lists called `of`."""
    return urlsafe_b64encode(to_json([of, *place])).decode().rstrip("=")


def read_cursor(of: str, cursor: str, *kinds: type) -> Place:
    """The place that `write_cursor` was given, one of these kinds for each part. Raises InvalidCursorError."""
    try:
        known, *place = from_json(urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except (ValueError, TypeError) as error:
        raise _refusal() from error
    if known != of or [type(part) for part in place] != [*kinds] or not all(map(_is_sound, place)):
        raise _refusal()
    return tuple(place)


def _is_sound(part: str | int) -> bool:
    return isinstance(part, str) or 0 <= part <= MOST


def _refusal() -> InvalidCursorError:
    return InvalidCursorError("This cursor belongs to no page of this list. Begin again without one.")
