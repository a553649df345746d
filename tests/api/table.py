"""Which test covers what of each endpoint of interfaces.md: a line for each, a test's name for each status.

`METHOD /path` (below /api/v1, but for operations) -> status -> the test function in this folder that looks at it. What
holds of all endpoints in one way is tested for all of them at once, and stands here once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api import rows_accounts, rows_jobs, rows_library
from gristmill.api.app import create_app
from gristmill.api.docs import PREFIX

Line = Mapping[int, str]

ROWS: Final[Mapping[str, Line]] = {**rows_accounts.ROWS, **rows_library.ROWS, **rows_jobs.ROWS}

# Tested for every endpoint that asks who is there; the 404 for every one with an id of something in its path.
OF_SECURED: Final[Line] = {
    401: "test_a_credential_that_is_none_opens_nothing",
    403: "test_a_key_opens_no_more_than_its_scopes",
    503: "test_a_store_that_is_busy_is_said_to_be",
}
OF_OWNED: Final[Line] = {404: "test_what_belongs_to_another_is_not_found"}


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
    def statuses(self) -> set[int]:
        """What it is documented to answer."""
        return {int(status) for status in self.operation["responses"]}

    @property
    def line(self) -> Line:
        """Its tests, those of all endpoints among them."""
        return {
            **(OF_SECURED if self.is_secured else {}),
            **(OF_OWNED if self.is_owned else {}),
            **ROWS.get(str(self), {}),
        }


def endpoints() -> Iterator[Endpoint]:
    """Every operation of the OpenAPI document."""
    for path, methods in create_app().openapi()["paths"].items():
        for method, operation in methods.items():
            yield Endpoint(method=method.upper(), path=path.removeprefix(PREFIX), operation=operation)
