"""The one table from refusals to HTTP statuses."""

from collections.abc import Mapping

from gristmill.errors import GristmillError

# What is not listed is bad input, 422.
STATUSES: Mapping[str, int] = {
    "unauthenticated": 401,
    "forbidden": 403,
    "limit_reached": 403,
    "not_found": 404,
    "wrong_state": 409,
    "idempotency_conflict": 409,
    "in_use": 409,
    "changed_inputs": 409,
    "too_large": 413,
    "throttled": 429,
    "error": 500,
    "storage_full": 503,
    "store_busy": 503,
}


def status_of(error: GristmillError) -> int:
    """The HTTP status that a refusal is answered with."""
    return STATUSES.get(error.code, 422)


def unwrapped(error: BaseException) -> BaseException:
    """The first error within groups of errors: what somebody is told of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
