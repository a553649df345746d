"""Endpoints that take large bodies: who sends one is known before any of it is read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from gristmill.api.service import principal_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that reads no body of a stranger's: FastAPI would put all of a form on the disk before it asks who."""

    def get_route_handler(self) -> Handler:
        """The handler that asks first."""
        handle = super().get_route_handler()

        async def handle_known(request: Request) -> Response:
            await principal_of(request)
            return await handle(request)

        return handle_known
