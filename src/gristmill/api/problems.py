"""Every refusal as a problem document (RFC 9457), with one table of statuses."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from gristmill.errors import BadInputError, Finding, GristmillError, ThrottledError
from gristmill.server.request_ids import request_id_of
from gristmill.server.statuses import status_of, unwrapped

PROBLEM = "application/problem+json"

TITLES: Mapping[int, str] = {
    401: "Nobody is logged in",
    403: "Not allowed",
    404: "Not found",
    405: "No such method",
    409: "It cannot be done now",
    413: "Too large",
    416: "No such part",
    422: "The request needs changes",
    429: "Too often",
    500: "Something is wrong in Gristmill itself",
    503: "Try again shortly",
}

# However much is wrong with a request, what is said of it is no longer than people read.
MOST_ITEMS = 100
LONGEST_PATH = 200

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")

log = structlog.get_logger()


class ProblemItem(BaseModel):
    """One thing that is wrong: where it stands and what to write instead. Lines and columns count from 1."""

    line: int | None = None
    column: int | None = None
    path: str = Field(default="", description="The place in the request or in the template.")
    code: str
    message: str
    suggestion: str = ""
    severity: str = "error"


class Problem(BaseModel):
    """A refusal. `code` is stable; `detail` is a sentence for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "detail": "There is no job 20261123-101500-k3x9m2qa.",
                "code": "not_found",
                "errors": [],
                "request_id": "5f3c9a0e7b1d4c22",
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemItem] = Field(default_factory=list)
    request_id: str


def problem_responses(*statuses: int, takes_input: bool = True) -> dict[int | str, dict[str, Any]]:
    """What an endpoint documents of its refusals; what any may answer is among them.

    Where nothing is taken, neither a body nor a parameter, nothing needs changes.
    """
    return {
        status: {"description": TITLES[status], "content": {PROBLEM: {"schema": {"$ref": PROBLEM_SCHEMA}}}}
        for status in sorted({*statuses, 503, *((422,) if takes_input else ())})
    }


PROBLEM_SCHEMA = "#/components/schemas/Problem"


def add_problem_handlers(app: FastAPI) -> None:
    """Let every refusal within a request become a problem document; RequestFrame sees to what nobody foresaw."""
    app.add_exception_handler(GristmillError, _refused)
    app.add_exception_handler(ExceptionGroup, _refused_in_group)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_routed)


def problem_response(
    request: Request,
    status: int,
    *,
    code: str,
    detail: str,
    errors: Sequence[ProblemItem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    problem = Problem(
        title=TITLES.get(status, "Refused"),
        status=status,
        detail=detail,
        code=code,
        errors=list(errors),
        request_id=request_id_of(request),
    )
    extra = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004
    return Response(
        orjson.dumps(problem.model_dump()), status_code=status, media_type=PROBLEM, headers={**extra, **(headers or {})}
    )


def refusal_response(request: Request, error: GristmillError) -> Response:
    """A refusal of the use cases as a response."""
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, ThrottledError) else None
    findings = error.findings if isinstance(error, BadInputError) else ()
    items = [_item(finding) for finding in findings]
    return problem_response(
        request, status_of(error), code=error.code, detail=str(error), errors=items, headers=headers
    )


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, GristmillError):
        raise error
    return refusal_response(request, error)


async def _refused_in_group(request: Request, error: Exception) -> Response:
    first = unwrapped(error)
    return refusal_response(request, first) if isinstance(first, GristmillError) else broken_response(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    items = [_form_item(problem) for problem in found[:MOST_ITEMS]]
    rest = f" {len(found) - MOST_ITEMS:,} more are not listed." if len(found) > MOST_ITEMS else ""
    detail = f"The request is not as it should be: see `errors`.{rest}"
    return problem_response(request, 422, code="invalid_request", detail=detail, errors=items)


async def _not_routed(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    # A body that cannot be read at all is one that needs changes, like any other.
    status = 422 if error.status_code == 400 else error.status_code  # noqa: PLR2004
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 416: "no_such_part"}
    words = {
        400: "The body of the request cannot be read.",
        404: "There is nothing here.",
        405: f"{request.method} is not understood here.",
    }
    detail = words.get(error.status_code, error.detail)
    code = codes.get(status, "invalid_request")
    headers = {"Allow": _allowed(request)} if status == 405 else error.headers  # noqa: PLR2004
    return problem_response(request, status, code=code, detail=detail, headers=headers)


def _allowed(request: Request) -> str:
    """The methods of a path: each is a route of its own, and a router names those of the first one alone."""
    return ", ".join(method for method in METHODS if _is_routed({**request.scope, "method": method}, request.app))


def _is_routed(scope: Scope, app: FastAPI) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in app.routes)


def broken_response(request: Request, error: Exception) -> Response:
    """Our own mistake as a response: what it was is the log's to tell, and nobody else's to know."""
    log.error("request_failed", exc_info=error)
    detail = "The details are in the server's log under this request id."
    return problem_response(request, 500, code="internal", detail=detail)


def _form_item(problem: Mapping[str, Any]) -> ProblemItem:
    path = ".".join(str(part) for part in problem["loc"])
    shown = path if len(path) <= LONGEST_PATH else f"{path[: LONGEST_PATH - 1]}…"
    return ProblemItem(path=shown, code=problem["type"], message=f"{problem['msg']}.")


def _item(finding: Finding) -> ProblemItem:
    return ProblemItem(
        line=finding.line or None,
        column=finding.column or None,
        path=finding.path,
        code=finding.code,
        message=finding.message,
        suggestion=finding.suggestion,
        severity=finding.severity,
    )
