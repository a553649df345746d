"""A server's accounts, under other rules or at another time for a while, and keys made over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.testclient import TestClient

from gristmill.errors import StoreBusyError
from gristmill.ports.clock import Clock
from support.api import Api
from support.people import SteadyClock


class BusyStore:
    """A store that answers nothing in time."""

    def __getattr__(self, verb: str) -> Any:
        async def refuse(*_: object, **__: object) -> None:
            raise StoreBusyError("The store gave no answer in time: try again.")

        return refuse


@contextmanager
def accounts_with(client: TestClient, **parts: Any) -> Iterator[None]:
    """Let the server's accounts have other parts for a while: a clock, a store, a sealer."""
    app: Any = client.app
    service = Api(client, {}).service
    app.state.service = replace(service, accounts=replace(service.accounts, **parts))
    try:
        yield
    finally:
        app.state.service = service


@contextmanager
def rules_with(client: TestClient, **rules: Any) -> Iterator[None]:
    """Let the server's owner have decided otherwise for a while."""
    kept = Api(client, {}).service.accounts.rules
    with accounts_with(client, rules=replace(kept, **rules)):
        yield


def clock_after(time: timedelta) -> Clock:
    """A clock that stands still, so much later than now."""
    return SteadyClock(datetime.now(UTC) + time)


def with_key(user: Api, *scopes: str, **rest: Any) -> Api:
    """The user's own key of these scopes, as who asks."""
    made = user.made("/auth/keys", {"name": "of a test", "scopes": list(scopes), **rest})
    return Api(user.client, {"Authorization": f"Bearer {made['key']}"})
