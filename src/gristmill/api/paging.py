"""Lists in pages, each with an opaque cursor to the next."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

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
