"""Who looks at a page: known by a cookie that no script can read, and never acted for by another site."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from gristmill.domain.account import Principal
from gristmill.domain.token import LIFETIMES
from gristmill.errors import ForbiddenError, UnauthenticatedError
from gristmill.server.caller import Caller, origin_of, service_of

SESSION_COOKIE: Final = "gristmill_session"


async def principal_of(request: Request) -> Principal:
    """Who asks, found out once for each request. Raises UnauthenticatedError."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        known = request.state.principal = await authenticate(request)
    return known


async def authenticate(request: Request) -> Principal:
    """Who asks, as things stand now. Raises UnauthenticatedError."""
    return await service_of(request).authenticate(request.cookies.get(SESSION_COOKIE, ""))


async def known_caller(request: Request) -> Caller:
    """Whoever is logged in. Raises UnauthenticatedError."""
    return Caller(service=service_of(request), principal=await principal_of(request), origin=origin_of(request))


async def known_admin(request: Request) -> Caller:
    """An admin who is logged in. Raises UnauthenticatedError and ForbiddenError."""
    caller = await known_caller(request)
    if not caller.principal.is_admin:
        raise ForbiddenError("Only an admin may see this page.")
    return caller


async def anybody(request: Request) -> Principal | None:
    """Who asks, or None: for pages that those who are not logged in see too."""
    try:
        return await principal_of(request)
    except UnauthenticatedError:
        return None


Visitor = Annotated[Caller, Depends(known_caller)]
AdminVisitor = Annotated[Caller, Depends(known_admin)]
Anybody = Annotated[Principal | None, Depends(anybody)]


def refuse_other_sites(request: Request) -> None:
    """Raise ForbiddenError for a form that a page of another site sent.

    Every browser says where a form comes from: in `Sec-Fetch-Site`, or at least in `Origin`, neither of which a page
    can forge. Source: OWASP, "Cross-Site Request Forgery Prevention Cheat Sheet", Fetch Metadata and origin checks.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("sec-fetch-site")
    is_ours = site in {"same-origin", "none"} if site else _is_own_origin(request)
    if not is_ours:
        raise ForbiddenError("This form was not sent by a page of this server, so it was not taken.")


def keep_session(response: Response, secret: str, request: Request) -> None:
    """Give a browser the cookie of its session."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(LIFETIMES["cookie"].total_seconds()),
        httponly=True,
        # Not strict: whoever follows the link of a mail is still logged in.
        samesite="lax",
        secure=_is_secure(request),
    )


def drop_session(response: Response, request: Request) -> None:
    """Take the cookie back."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=_is_secure(request))


def _is_secure(request: Request) -> bool:
    public_url = service_of(request).accounts.rules.public_url
    return "https" in {request.url.scheme, urlsplit(public_url).scheme}


def _is_own_origin(request: Request) -> bool:
    origin = urlsplit(request.headers.get("origin", ""))
    own = urlsplit(service_of(request).accounts.rules.public_url)
    return bool(origin.netloc) and origin.netloc in {request.headers.get("host", ""), own.netloc}
