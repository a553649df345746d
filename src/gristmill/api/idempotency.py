"""POST requests that may be sent twice: with an `Idempotency-Key` the second one gets the answer of the first."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from gristmill.api.service import principal_of
from gristmill.domain.ids import JobId
from gristmill.errors import GristmillError
from gristmill.jobs.create import job_id_of
from gristmill.ports.requests import Answered
from gristmill.server.caller import service_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Send the request again with the same key, and it is done once. Kept for 24 hours.",
    ),
]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotentRoute(APIRoute):
    """A route that is done once for each key, if it takes one. A refused request frees its key: nothing happened."""

    def get_route_handler(self) -> Handler:
        """The handler that remembers answers."""
        handle = super().get_route_handler()
        if all(parameter.alias != HEADER for parameter in self.dependant.header_params):
            return handle

        async def handle_once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or not _is_key(key):
                return await handle(request)
            return await _once(request, key, handle)

        return handle_once


async def _once(request: Request, key: str, handle: Handler) -> Response:
    owner, store = (await principal_of(request)).user, service_of(request).store
    claim = await store.claim_request(owner, key, await _digest_of(request))
    if isinstance(claim, Answered):
        return Response(claim.answer, claim.status, {REPLAYED: "true"}, "application/json")
    request.state.job = job_id_of(claim.since, f"{owner} {key}")
    try:
        response = await handle(request)
    except (GristmillError, RequestValidationError, HTTPException):
        await store.give_up_request(owner, key)
        raise
    await store.answer_request(owner, key, response.status_code, bytes(response.body).decode())
    return response


def job_id_for(request: Request) -> JobId | None:
    """The id of the job that a request with a key makes, however often it is tried; None without a key."""
    job: JobId | None = getattr(request.state, "job", None)
    return job


def _is_key(key: str) -> bool:
    # What is none is refused by the parameter's own rules.
    return 0 < len(key) <= 200 and all("!" <= letter <= "~" for letter in key)  # noqa: PLR2004


async def _digest_of(request: Request) -> str:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + await request.body()).hexdigest()
