"""The OpenAPI document, and pages to read and try it that load nothing from elsewhere."""

from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi

from gristmill import __version__
from gristmill.api.problems import PROBLEM, PROBLEM_SCHEMA, TITLES, Problem, ProblemItem

PREFIX: Final = "/api/v1"

ABOUT: Final = """Datasets made with language models: exactly N good records, never over budget, nothing lost.

Send an access token of `POST /auth/login`, or an API key, as `Authorization: Bearer …`. Errors are problem documents
(RFC 9457) with a stable `code`. Lists page with an opaque `cursor`. Money is a decimal string in US dollars. A POST
with an `Idempotency-Key` is done once, however often it is sent. What belongs to somebody else is not found."""

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
_START: Final = """SwaggerUIBundle({
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


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: FastAPI's, whose errors are problem documents."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Gristmill", version=__version__, description=ABOUT, routes=app.routes, tags=app.openapi_tags
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["Problem"].pop("$defs", None)
        schemas["ProblemItem"] = ProblemItem.model_json_schema()
        for operation in _operations(document):
            _tell_of_problems(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def _tell_of_problems(operation: dict[str, Any]) -> None:
    content = {PROBLEM: {"schema": {"$ref": PROBLEM_SCHEMA}}}
    if "requestBody" in operation:
        operation["responses"].setdefault("413", {"description": TITLES[413]})
    for status, response in operation["responses"].items():
        if int(status) >= 400:  # noqa: PLR2004
            response["content"] = content
