"""The pages as one application, over the open ports that the API uses too."""

import gzip
from functools import lru_cache
from typing import Final

from fastapi import Depends, FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware

from gristmill.web.page import asset, static_file
from gristmill.web.problems import add_problem_handlers
from gristmill.web.routes import (
    account,
    admin,
    editor,
    exports,
    home,
    job,
    jobs,
    keys,
    live,
    models,
    orders,
    record,
    records,
    seed_fits,
    seed_generation,
    seeds,
    settings,
    templates,
    versions,
)
from gristmill.web.visitor import refuse_other_sites
from gristmill.wiring.service import Service

ROUTERS: Final = (
    home.router,
    account.router,
    settings.router,
    keys.router,
    models.router,
    admin.router,
    # Before the jobs, for which /jobs/new would be an id.
    orders.router,
    jobs.router,
    job.router,
    live.router,
    exports.router,
    records.router,
    record.router,
    templates.router,
    versions.router,
    editor.router,
    seed_generation.router,
    seed_fits.router,
    seeds.router,
)

KINDS: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
SMALL: Final = 500
# A page is made anew for each who asks: smaller by a twentieth is not worth twice the time.
QUICK: Final = 4


def create_pages(service: Service) -> FastAPI:
    """The pages over a service, which whoever opened it closes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(refuse_other_sites)])
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/static/{name}", show_static, methods=["GET"])
    add_problem_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=SMALL, compresslevel=QUICK)
    return app


async def show_static(name: str, request: Request, v: str = "") -> Response:
    """A file of ours; one whose address names its content may be kept for ever."""
    content = static_file(name)
    if content is None:
        return Response(status_code=404)
    kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    kept = FOR_EVER if asset(name).endswith(f"?v={v}") else "no-cache"
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(content, media_type=kind, headers=headers)
    return Response(_zipped(name), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})


@lru_cache(maxsize=64)
def _zipped(name: str) -> bytes:
    """The file made small, once for all who ask."""
    return gzip.compress(static_file(name) or b"", mtime=0)
