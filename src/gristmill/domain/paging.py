"""Long lists, a page at a time: where one page ended says where the next begins, whatever comes or goes between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The last line of a page: the value that the list is sorted by (times in microseconds), and the line's id."""

    key: str | int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some lines of a list; `next` is None when there are no more."""

    items: Sequence[T]
    next: Place | None = None
