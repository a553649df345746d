"""A small town that generated requests are sent to: a user with a key, a template, rows, jobs and an export."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings

from gristmill.api.app import create_app
from support.api import TEMPLATE, Api, join, open_api
from support.people import PASSWORD
from support.wire import serve

# Two of its records are refused.
PICKY: Final = TEMPLATE.replace("name: capitals", "name: picky") + (
    "checks: [{expect: \"{{ record.city != 'Oslo' }}\", reason: no Oslo}]\nattempts: {redraw: 0}\n"
)
EMAIL: Final = "ann@example.org"
# A request that was generated, with what is known of how.
Case: TypeAlias = schemathesis.Case[Any]
_ID: Final = re.compile(r"[0-9a-f]{16}")

# What is left out of schemathesis' checks, and why:
# - positive_data_acceptance: most bodies hold a language of their own (templates, cursors, files, addresses), which no
#   JSON Schema can tell. In its place `keeps_to_the_document` below: what the document allows is never malformed.
# - object_level_authorization: needs a second identity; tests/api has an owner check for every endpoint.
# - allow_header_conformance: what has a name beside `{id}`, such as /templates/public, is an id for other methods.
# JSON Schema counts no decimals of a number.
UNTOLD: Final = {"decimal_max_places", "decimal_max_digits"}
LEFT_OUT: Final = ("positive_data_acceptance", "object_level_authorization", "allow_header_conformance")


def open_document(*, thorough: bool) -> Any:
    """The document as schemathesis reads it; a thorough run visits every boundary of every parameter too."""
    config = {
        "seed": 1,
        "request-timeout": 20,
        # The events of a job that waits for a worker go on: its first one is enough.
        "max-stream-events": 1,
        "checks": {
            **{name: {"enabled": False} for name in LEFT_OUT},
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
        },
        # The town has no workers of its own, and says so.
        "operations": [
            {"include-path": "/readyz", "checks": {"not_a_server_error": {"expected-statuses": ["200", "503"]}}}
        ],
        "phases": {"coverage": {"enabled": thorough}, "stateful": {"inference": {"algorithms": []}}},
    }
    return schemathesis.openapi.from_dict(create_app().openapi(), config=schemathesis.Config.from_dict(config))


def keeps_to_the_document(_: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """A request that the document allows may be refused for what it says, never for how it is written."""
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code == 422:
        problem = response.json()
        wrong = {item["code"] for item in problem["errors"]} - UNTOLD
        assert problem["code"] != "invalid_request" or not wrong, (
            "the document allows what the endpoint calls malformed"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Where requests go, who sends them, and the ids of what is there."""

    url: str
    user: Api
    session: requests.Session
    key: str
    template: str
    seeds: str
    ended: str
    queued: str
    export: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def rules(self, case: Case) -> Mapping[str, Any]:
        """How a case is sent."""
        # A key may not end the login it came from, nor change the password: only /auth/keys needs a login.
        headers = self.user.headers if "/auth/keys" in case.path else {"Authorization": f"Bearer {self.key}"}
        return {"base_url": self.url, "session": self.session, "headers": headers}

    def ask(self, case: Case) -> None:
        """Send a case, grounded, and hold the answer against the document."""
        if case.meta is not None and case.meta.generation.mode.is_positive:
            self._ground(case)
        case.call_and_validate(**self.rules(case), additional_checks=[keeps_to_the_document])

    def equip(self, case: Case) -> None:
        """Give a step of a walk what no schema can tell: templates that compile, rows that fit, a password."""
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        match case.operation.definition.raw["operationId"]:
            case "create_template":
                case.body = {"source": TEMPLATE.replace("capitals", f"walk-{next(self.numbers)}")}
            case "upload_seeds":
                case.body = {"file": '[{"city": {"name": "Quito"}}]'}
            case "create_job" | "estimate_job":
                body: Any = case.body
                known = body["template"] if _ID.fullmatch(body["template"]) else self.template
                case.body = {"template": known, "seeds": self.seeds, "records": 3}
            case "create_export":
                case.body = {"format": "csv"}
            case "log_in":
                case.body = {"email": EMAIL, "password": PASSWORD}
            case _:
                pass

    def _ground(self, case: Case) -> None:
        """Let about half of the cases that ask for something ask for what is there."""
        known = self._known(case)
        wanted = case.path_parameters.get("id") if case.path_parameters else None
        if known is not None and isinstance(wanted, str) and len(wanted) % 2 == 0:
            case.path_parameters = {**case.path_parameters, "id": known}
        if isinstance(case.body, dict) and len(str(case.body)) % 2 == 0:
            there = {"template": self.template, "seeds": self.seeds, "source": TEMPLATE}
            case.body = {name: there.get(name, value) for name, value in case.body.items()}

    def _known(self, case: Case) -> str | None:
        if case.method == "DELETE":
            return None
        is_for_ended = case.method == "GET" or case.path.endswith(("/marks", "/exports"))
        job = self.ended if is_for_ended else self.queued
        kinds = {"templates": self.template, "seeds": self.seeds, "jobs": job, "exports": self.export}
        return kinds.get(case.path.removeprefix("/api/v1/").partition("/")[0])


@contextmanager
def open_town(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town on a server of its own."""
    with open_api(folder, patch) as client, serve(client) as url, requests.Session() as session:
        # Admins change the first user of the list: that is somebody else.
        admin, user = join(client, "admin@example.org"), join(client, EMAIL)
        admin.ask("PATCH", f"/admin/users/{user.get('/auth/me').json()['id']}", json={"role": "admin"})
        ended = user.job(PICKY)
        user.mill(ended)
        yield Town(
            url=url,
            user=user,
            session=session,
            key=user.made("/auth/keys", {"name": "fuzz", "scopes": ["read", "write", "admin"]})["key"],
            template=user.template(),
            seeds=user.seeds(),
            ended=ended,
            queued=user.job(PICKY.replace("picky", "waiting")),
            export=user.made(f"/jobs/{ended}/exports", {"format": "jsonl"})["id"],
        )


def walk(document: Any, town: Town, *, walks: int, steps: int) -> None:
    """Go from answer to request along the links of the document, holding every answer against it."""

    class Walker(document.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return dict(town.rules(case))

        def before_call(self, case: Case) -> None:
            town.equip(case)

    Walker.run(
        settings=settings(max_examples=walks, stateful_step_count=steps, suppress_health_check=list(HealthCheck))
    )
