"""A page to read and try the API on, which loads nothing from elsewhere."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

PREFIX: Final = "/api/v1"

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gristmill API</title>
<link rel="stylesheet" href="docs/swagger-ui.css"><link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """\
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, filter: true, persistAuthorization: true,
});
"""
# Swagger UI sets styles on its elements and draws its icons from data URLs.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'"
)
_KINDS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}

router = APIRouter(prefix=f"{PREFIX}/docs", include_in_schema=False)


@router.get("")
async def show_docs() -> Response:
    """The page."""
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@router.get("/start.js")
async def show_start() -> Response:
    """What starts Swagger UI: a file of its own, so that no script stands in the page."""
    return Response(_START, media_type="text/javascript")


@router.get("/{name}")
async def show_asset(name: str) -> Response:
    """A file of Swagger UI, as its package carries it."""
    if name not in _KINDS:
        return Response(status_code=404)
    content = files("fastapi_swagger.resources").joinpath(name).read_bytes()
    return Response(content, media_type=_KINDS[name], headers={"Cache-Control": "max-age=3600"})
