"""Refusals as pages: a sentence that says what is wrong, at the status that the API would answer with."""

from urllib.parse import quote, urlsplit, urlunsplit

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gristmill.errors import GristmillError, ThrottledError, UnauthenticatedError
from gristmill.server.request_ids import request_id_of
from gristmill.server.statuses import status_of, unwrapped
from gristmill.web.page import go_to, is_part, render
from gristmill.web.visitor import anybody

TITLES = {403: "Not allowed", 404: "Not found", 409: "It cannot be done now", 413: "Too large", 429: "Too often"}

log = structlog.get_logger()


def add_problem_handlers(app: FastAPI) -> None:
    """Let every refusal within a page become one: a page of its own, or a fragment where htmx asked for a part."""
    app.add_exception_handler(GristmillError, _refused)
    app.add_exception_handler(ExceptionGroup, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _broken)


def problem_page(request: Request, status: int, detail: str, error: GristmillError | None = None) -> Response:
    """A refusal, with its findings if it has any."""
    title = TITLES.get(status, "Something is wrong here" if status >= 500 else "That did not work")  # noqa: PLR2004
    name = "parts/problem.html" if is_part(request) else "problem.html"
    page = render(
        request,
        name,
        status=status,
        title=title,
        detail=detail,
        findings=getattr(error, "findings", ()),
        request_id=request_id_of(request),
    )
    if isinstance(error, ThrottledError):
        page.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return page


async def _refused(request: Request, error: Exception) -> Response:
    first = unwrapped(error)
    if isinstance(first, UnauthenticatedError):
        return _to_login(request)
    if not isinstance(first, GristmillError):
        return await _broken(request, error)
    return problem_page(request, status_of(first), str(first), first)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    places = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors()}))
    return problem_page(request, 422, f"This address or form is not as it should be: {places[:200]}.")


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    await anybody(request)
    words = {404: "There is no page here.", 405: "This page takes no such request."}
    return problem_page(request, error.status_code, words.get(error.status_code, str(error.detail)))


async def _broken(request: Request, error: Exception) -> Response:
    log.error("page_failed", exc_info=error)
    return problem_page(
        request, 500, "It is our mistake, and nothing of yours is lost. The server's log has the details."
    )


def _to_login(request: Request) -> Response:
    """Lead to the login, and from there back: a part of a page cannot, so htmx is told to."""
    if is_part(request):
        back = urlsplit(request.headers.get("hx-current-url", ""))
        return Response(status_code=401, headers={"HX-Redirect": _login_for(f"{back.path}?{back.query}".rstrip("?"))})
    here = urlunsplit(("", "", request.url.path, request.url.query, ""))
    return go_to(_login_for(here) if request.method == "GET" else "/login")


def _login_for(path: str) -> str:
    return "/login" if path in {"", "/"} else f"/login?next={quote(path, safe='')}"
