"""The application: every endpoint over one set of open ports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from gristmill.api import docs
from gristmill.api.document import describe, operation_id
from gristmill.api.guard import SoleGuard
from gristmill.api.middleware import Aside, BodyLimit, RequestFrame
from gristmill.api.problems import add_problem_handlers
from gristmill.api.routes import admin, auth, dashboard, exports, jobs, operations, records, seeds, settings, templates
from gristmill.library.seeds import UPLOAD_LIMITS
from gristmill.wiring.service import Service, open_service
from gristmill.wiring.settings import read_settings

ROUTERS: Final = (
    auth.router,
    templates.router,
    seeds.files,
    seeds.router,
    jobs.router,
    records.router,
    exports.router,
    dashboard.router,
    settings.router,
    admin.router,
)

# What links in mails begin with where nobody says under which address people reach the server.
ADDRESS: Final = "http://127.0.0.1:8080"

# Where a page sends files to.
UPLOAD_PAGE: Final = "/seeds"

# The most a file may have, and the form around it.
MOST_UPLOAD_BYTES: Final = UPLOAD_LIMITS.file_bytes + (64 << 10)


def open_from_settings() -> AbstractAsyncContextManager[Service]:
    """The service that the settings describe."""
    return open_service(read_settings(), ADDRESS)


def create_app(
    opening: Callable[[], AbstractAsyncContextManager[Service]] = open_from_settings,
    *,
    pages: Callable[[Service], ASGIApp] | None = None,
) -> FastAPI:
    """The API over a service, which is opened when the server starts and closed when it ends.

    What `pages` makes over the same service answers whatever is none of the API's.
    """
    app = FastAPI(
        title="Gristmill",
        openapi_url=f"{docs.PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=operation_id,
        lifespan=lambda app: _lifespan(app, opening, pages),
    )
    for router in ROUTERS:
        app.include_router(router, prefix=docs.PREFIX)
    app.include_router(operations.router)
    app.include_router(docs.router)
    add_problem_handlers(app)
    if pages is not None:
        app.add_middleware(Aside)
    app.add_middleware(
        BodyLimit,
        auth_path=f"{docs.PREFIX}/auth/",
        upload_paths=frozenset({f"{docs.PREFIX}/seeds", UPLOAD_PAGE}),
        most_upload_bytes=MOST_UPLOAD_BYTES,
    )
    app.add_middleware(SoleGuard)
    app.add_middleware(RequestFrame)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI,
    opening: Callable[[], AbstractAsyncContextManager[Service]],
    pages: Callable[[Service], ASGIApp] | None,
) -> AsyncIterator[None]:
    async with opening() as service:
        app.state.service = service
        if pages is not None:
            app.state.pages = pages(service)
        background = asyncio.create_task(service.run_background())
        try:
            yield
        finally:
            background.cancel()
            with suppress(asyncio.CancelledError):
                await background
