"""What holds for every request: an id, a line in the log, a bound on its size, and careful headers."""

import time
from typing import Final

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gristmill.api.problems import broken_response, problem_response
from gristmill.server.request_ids import HEADER, new_request_id

# JSON bodies hold a template of 256 KiB at most, several times escaped, and a few rows.
MOST_BODY_BYTES: Final = 2 * 1024 * 1024
# What anybody may send who has not said who they are: names and passwords, several times escaped.
MOST_AUTH_BYTES: Final = 32 * 1024

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

# Looked at by machines every few seconds.
QUIET_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})

log = structlog.get_logger()


class RequestFrame:
    """Names each request, logs how it ended, and sets the headers every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id(Headers(scope=scope).get(HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        started, status, has_begun = time.perf_counter(), 500, False

        async def send_framed(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_framed)
            except Exception as error:  # noqa: BLE001 - whatever it is, it takes down nothing but this request
                answer = broken_response(Request(scope), error)
                # An answer that has begun cannot be another: it is cut off where it is.
                if not has_begun:
                    await answer(scope, receive, send_framed)
            finally:
                if scope["path"] not in QUIET_PATHS:
                    ms = round((time.perf_counter() - started) * 1000, 1)
                    log.info("request", method=scope["method"], path=scope["path"], status=status, ms=ms)


class Aside:
    """Hands what is none of the API's to the pages, whose answers need not be problem documents."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_own = scope["type"] != "http" or scope["path"] in QUIET_PATHS or f"{scope['path']}/".startswith("/api/")
        # They are made when the server starts.
        await (self._app if is_own else scope["app"].state.pages)(scope, receive, send)


class BodyLimit:
    """Refuses a body larger than is taken before anything reads it; uploads have a limit of their own."""

    def __init__(self, app: ASGIApp, *, auth_path: str, upload_paths: frozenset[str], most_upload_bytes: int) -> None:
        self._app = app
        self._auth_path = auth_path
        self._upload_paths = upload_paths
        self._most_upload_bytes = most_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of(scope["path"])
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > most:
            await self._refuse(scope, receive, send, most)
            return
        taken = 0
        is_over = False

        async def receive_bounded() -> Message:
            nonlocal taken, is_over
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                # Whoever sends without a length is cut off: the body ends here, and the answer says why.
                is_over = True
                return {"type": "http.disconnect"}
            return message

        started = False

        async def send_unless_over(message: Message) -> None:
            nonlocal started
            if is_over and not started:
                return
            started = True
            await send(message)

        try:
            await self._app(scope, receive_bounded, send_unless_over)
        except Exception:
            if not is_over or started:
                raise
        if is_over and not started:
            await self._refuse(scope, receive, send, most)

    def _most_of(self, path: str) -> int:
        if path in self._upload_paths:
            return self._most_upload_bytes
        return MOST_AUTH_BYTES if path.startswith(self._auth_path) else MOST_BODY_BYTES

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, most: int) -> None:
        detail = f"The request is larger than the {most:,} bytes that are taken here."
        response = problem_response(Request(scope), 413, code="too_large", detail=detail)
        await response(scope, receive, send)
