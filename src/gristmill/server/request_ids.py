"""Each request has an id, in its answer and in every line of the log."""

import re
import secrets

from fastapi import Request

HEADER = "X-Request-Id"
# A proxy's own id is kept when it is a plain one: anything else could forge lines of a log.
_PLAIN = re.compile(r"[A-Za-z0-9._-]{8,64}")


def new_request_id(given: str | None) -> str:
    """The id a proxy gave, if it is plain, or a new one."""
    return given if given and _PLAIN.fullmatch(given) else secrets.token_hex(8)


def request_id_of(request: Request) -> str:
    """The id of a request that went through the middleware."""
    return str(request.scope.get("state", {}).get("request_id", ""))
