"""Templates read in the server's own process: a child process for each costs half a second, and tests of it run it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.testclient import TestClient

from gristmill.domain.scope import Scope
from gristmill.errors import Finding
from gristmill.ports.renderer import Draft, Renderer
from gristmill.recipes import lint_template
from support.api import Api


@dataclass(frozen=True, slots=True)
class LintsHere:
    """What only compiles is done here, and what renders is left to a child."""

    child: Renderer

    async def lint(self, source: str) -> Sequence[Finding]:
        return lint_template(source)

    async def draft(
        self, source: str, scopes: Sequence[Scope], fillers: Mapping[str, int] | None = None
    ) -> Sequence[Sequence[Draft]]:
        return await self.child.draft(source, scopes, fillers)


def lint_here(client: TestClient) -> None:
    """Let the server trust whoever brings templates to write none that takes for ever to read."""
    app: Any = client.app
    service = Api(client, {}).service
    app.state.service = replace(service, renderer=LintsHere(service.renderer))
