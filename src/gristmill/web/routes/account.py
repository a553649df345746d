"""How somebody gets in and out: sign up, confirm, log in, choose a new password, log out."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response

from gristmill.accounts import login as logins
from gristmill.accounts import passwords, signup
from gristmill.errors import GristmillError
from gristmill.server.caller import origin_of, service_of
from gristmill.server.statuses import status_of
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Anybody, Visitor, drop_session, keep_session

router = APIRouter()

Text = Annotated[str, Form(max_length=1024)]


@router.get("/signup")
async def show_signup(request: Request) -> Response:
    """The form to ask for an account."""
    return _form(request, "signup", email="")


@router.post("/signup")
async def sign_up(request: Request, email: Text = "", password: Text = "") -> Response:
    """Ask for an account; the link goes by mail, or to the server's console."""

    async def attempt() -> Response:
        await signup.sign_up(email, password, origin_of(request), service_of(request).accounts)
        return go_to("/login", "signed-up")

    return await _attempt(request, "signup", attempt, email=email)


@router.get("/verify")
async def show_verify(request: Request, token: str = "") -> Response:
    """The page that the mailed link leads to."""
    return _form(request, "verify", token=token[:200])


@router.post("/verify")
async def verify(request: Request, token: Text = "") -> Response:
    """Confirm an address. The first user becomes the server's admin."""

    async def attempt() -> Response:
        await signup.verify(token, origin_of(request), service_of(request).accounts)
        return go_to("/login", "verified")

    return await _attempt(request, "verify", attempt, token=token)


@router.get("/login")
async def show_login(request: Request, principal: Anybody) -> Response:
    """The form to log in; whoever is logged in already goes on."""
    return go_to(_next(request)) if principal else _form(request, "login", email="")


@router.post("/login")
async def log_in(request: Request, email: Text = "", password: Text = "") -> Response:
    """Open a session, and go to where the visitor wanted to be."""

    async def attempt() -> Response:
        secret = await logins.log_in_browser(email, password, origin_of(request), service_of(request).accounts)
        response = go_to(_next(request))
        keep_session(response, secret, request)
        return response

    return await _attempt(request, "login", attempt, email=email)


@router.post("/logout")
async def log_out(request: Request, caller: Visitor) -> Response:
    """End the session at once."""
    await logins.log_out(caller.principal, caller.origin, caller.service.accounts)
    response = go_to("/login", "logged-out")
    drop_session(response, request)
    return response


@router.get("/forgot")
async def show_forgot(request: Request) -> Response:
    """The form of somebody who forgot the password."""
    return _form(request, "forgot", email="")


@router.post("/forgot")
async def forget_password(request: Request, email: Text = "") -> Response:
    """Have a link mailed."""

    async def attempt() -> Response:
        await passwords.forget_password(email, origin_of(request), service_of(request).accounts)
        return go_to("/login", "reset-mailed")

    return await _attempt(request, "forgot", attempt, email=email)


@router.get("/reset")
async def show_reset(request: Request, token: str = "") -> Response:
    """The page that the mailed link leads to."""
    return _form(request, "reset", token=token[:200])


@router.post("/reset")
async def reset_password(request: Request, token: Text = "", password: Text = "") -> Response:
    """Set the new password; every login ends."""

    async def attempt() -> Response:
        await passwords.reset_password(token, password, origin_of(request), service_of(request).accounts)
        return go_to("/login", "password-set")

    return await _attempt(request, "reset", attempt, token=token)


async def _attempt(request: Request, page: str, attempt: Callable[[], Awaitable[Response]], **values: str) -> Response:
    """What the attempt answers, or the form once more with what was typed and why it was not taken."""
    try:
        return await attempt()
    except GristmillError as error:
        return _form(request, page, wrong=str(error), status=status_of(error), **values)


def _form(request: Request, page: str, *, wrong: str = "", status: int = 200, **values: str) -> Response:
    return render(request, f"account/{page}.html", status=status, wrong=wrong, values=values)


def _next(request: Request) -> str:
    """Where the visitor wanted to be: a path of this server, whatever the address says."""
    wanted = request.query_params.get("next", "")
    parts = urlsplit(wanted)
    is_here = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    return wanted if is_here else "/"
