"""Cursors: where a list goes on, as text that means nothing to whoever keeps it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

from gristmill.errors import InvalidCursorError

# Stores hold no larger number.
MOST = 2**63 - 1


def write_cursor(of: str, *place: str | int) -> str:
    """A cursor into lists called `of`."""
    return urlsafe_b64encode(orjson.dumps([of, *place])).decode().rstrip("=")


def read_cursor(of: str, cursor: str, *kinds: type) -> tuple[str | int, ...]:
    """The place that `write_cursor` was given, one of these kinds for each part. Raises InvalidCursorError."""
    try:
        known, *place = orjson.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except (ValueError, TypeError) as error:
        raise InvalidCursorError from error
    if known != of or [type(part) for part in place] != [*kinds] or not all(map(_is_sound, place)):
        raise InvalidCursorError
    return tuple(place)


def _is_sound(part: str | int) -> bool:
    return "\0" not in part if isinstance(part, str) else 0 <= part <= MOST
