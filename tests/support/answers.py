"""What holds of every answer: money is decimal text, times are RFC 3339 in UTC, and a list has pages."""

import re
from collections.abc import Iterator
from typing import Any

from support.api import Api

MONEY = re.compile(r"-?[0-9]+\.[0-9]{2,9}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|\+00:00)")


def check_forms(answer: Any) -> int:
    """How many amounts and times an answer holds, each in its form."""
    found = 0
    for name, value in _leaves(answer, ""):
        if value is not None and name.endswith("_usd"):
            assert isinstance(value, str)
            assert MONEY.fullmatch(value), (name, value)
            found += 1
        if value is not None and (name == "at" or name.endswith("_at")):
            assert isinstance(value, str)
            assert TIME.fullmatch(value), (name, value)
            found += 1
    return found


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Each value with its name; what lies in `cost_usd` is money too."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, name if name.endswith("_usd") else key)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, name)
    else:
        yield name, value


def nano(usd: str) -> int:
    """Decimal text as nano-dollars."""
    whole, _, decimals = usd.partition(".")
    return int(whole + decimals.ljust(9, "0"))


def all_items(who: Api, path: str, limit: int = 2, **query: Any) -> list[Any]:
    """Every item of a list, page by page."""
    items = list[Any]()
    cursor: dict[str, str] = {}
    while True:
        page = who.get(path, params={"limit": limit, **query, **cursor})
        assert page.status_code == 200, page.text
        found = page.json()
        assert len(found["items"]) <= limit
        items += found["items"]
        if found["next_cursor"] is None:
            return items
        cursor = {"cursor": found["next_cursor"]}
