"""Which test covers what of each endpoint of interfaces.md: a line for each, a test's name for each status.

`METHOD /path` (below /api/v1, but for operations) -> status -> the test function in this folder that looks at it. What
holds of all endpoints in one way is tested for all of them at once, and stands here once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from api import rows_accounts, rows_jobs, rows_library
from gristmill.api.app import create_app
from gristmill.api.docs import PREFIX
from gristmill.api.idempotency import HEADER

Line = Mapping[int, str]

ROWS: Final[Mapping[str, Line]] = {**rows_accounts.ROWS, **rows_library.ROWS, **rows_jobs.ROWS}

# Tested for every endpoint that asks who is there; the 404 for every one with an id of something in its path.
OF_SECURED: Final[Line] = {
    401: "test_a_credential_that_is_none_opens_nothing",
    403: "test_a_key_opens_no_more_than_its_scopes",
    503: "test_a_store_that_is_busy_is_said_to_be",
}
OF_OWNED: Final[Line] = {404: "test_what_belongs_to_another_is_not_found"}
OF_BODIES: Final[Line] = {413: "test_a_body_that_is_too_large_is_not_read"}
OF_KEYED: Final[Line] = {409: "test_a_key_of_another_request_is_a_conflict"}
# An id that no id can be: what is wrong with other parts of a request has tests of its own.
OF_PATHS: Final[Line] = {422: "test_an_id_that_can_be_none_is_refused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of the OpenAPI document."""

    method: str
    path: str
    operation: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_secured(self) -> bool:
        return bool(self.operation.get("security"))

    @property
    def is_owned(self) -> bool:
        """Whether something of somebody's is named in its path."""
        return "{" in self.path

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.operation

    @property
    def takes_key(self) -> bool:
        return any(parameter["name"] == HEADER for parameter in self.operation.get("parameters", ()))

    @property
    def statuses(self) -> set[int]:
        """What it is documented to answer."""
        return {int(status) for status in self.operation["responses"]}

    @property
    def line(self) -> Line:
        """Its tests, those of all endpoints among them."""
        return {
            **(OF_SECURED if self.is_secured else {}),
            **({**OF_OWNED, **OF_PATHS} if self.is_owned else {}),
            **(OF_KEYED if self.takes_key else {}),
            **(OF_BODIES if self.takes_body else {}),
            **ROWS.get(str(self), {}),
        }


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every operation of the OpenAPI document."""
    return tuple(
        Endpoint(method=method.upper(), path=path.removeprefix(PREFIX), operation=operation)
        for path, methods in create_app().openapi()["paths"].items()
        for method, operation in methods.items()
    )
