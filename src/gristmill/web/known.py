"""Pages that take large bodies: who sends one, and from which site, is known before any of it is read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from gristmill.web.visitor import principal_of, refuse_other_sites

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KnownPage(APIRoute):
    """A route that reads no body of a stranger's or of another site's: FastAPI would store a form before it asks."""

    def get_route_handler(self) -> Handler:
        """The handler that asks first."""
        handle = super().get_route_handler()

        async def handle_known(request: Request) -> Response:
            refuse_other_sites(request)
            await principal_of(request)
            return await handle(request)

        return handle_known
