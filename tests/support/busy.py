"""A store that is busy when it is first asked."""

from collections.abc import Callable
from typing import Any, cast

from gristmill.errors import StoreBusyError
from gristmill.ports.store import Store


class _Busy:
    def __init__(self, store: Store, verbs: tuple[str, ...]) -> None:
        self._store = store
        self._verbs = set(verbs)

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb not in self._verbs:
            return cast("Callable[..., Any]", getattr(self._store, verb))
        self._verbs.remove(verb)

        async def refuse(*_: Any, **__: Any) -> None:
            raise StoreBusyError("the store is busy")

        return refuse


def busy_once(store: Store, *verbs: str) -> Store:
    """The store, but each of these verbs gets no answer the first time."""
    return cast("Store", _Busy(store, verbs))
