"""What keeps other sites from a server without accounts: whoever reaches it may do everything."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gristmill.api.problems import problem_response
from gristmill.server.caller import service_of
from gristmill.wiring.accounts import is_loopback

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SoleGuard:
    """Where there are no accounts, refuses what a page of another site lets a browser on this machine ask.

    Such a page may come under a name of its own that leads to 127.0.0.1 (DNS rebinding): its `Host` gives it away. Or
    it may send a form across: then `Sec-Fetch-Site` or `Origin` does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (why := _refusal(scope)):
            await problem_response(Request(scope), 403, code="forbidden", detail=why)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str:
    rules, headers = service_of(Request(scope)).accounts.rules, Headers(scope=scope)
    if rules.auth != "none":
        return ""
    own = urlsplit(rules.public_url).hostname
    if not _is_ours(f"//{headers.get('host', '')}", own):
        return "This server has no accounts, and answers only under the address of this machine or its public_url."
    is_foreign = headers.get("sec-fetch-site") in {"cross-site", "same-site"} or not _is_ours(
        headers.get("origin", "//localhost"), own
    )
    if scope["method"] not in READING and is_foreign:
        return "This server has no accounts, so pages of other sites may change nothing."
    return ""


def _is_ours(url: str, own: str | None) -> bool:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host is not None and (host == own or is_loopback(host))
