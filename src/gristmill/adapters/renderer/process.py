"""A child process for each template: it has a deadline, and is gone when the answer is there."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gristmill.adapters.renderer.child import MEMORY_BYTES
from gristmill.domain.completion import Message
from gristmill.domain.scope import Scope
from gristmill.errors import Finding, GristmillError, TemplateTooExpensiveError
from gristmill.ports.renderer import Draft
from gristmill.recipes.findings import Code

# With the start of an interpreter, a third of a second on a machine that is not busy, an answer is there within three.
DEADLINE_SECONDS = 2.5
# A busy machine is not the template's fault.
START_SECONDS = 30.0

# `-P`: a folder that somebody works in may hold a `yaml.py`.
CHILD = (sys.executable, "-P", "-m", "gristmill.adapters.renderer.child")
# What an interpreter needs to start; keys and tokens are none of it.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")


class ChildRenderer:
    """Reads and renders each template in a process of its own."""

    def __init__(self, *, command: Sequence[str] = CHILD, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._command = tuple(command)
        self.deadline_seconds = deadline_seconds

    async def lint(self, source: str) -> Sequence[Finding]:
        answer = await self._ask("lint", source=source)
        if answer is None:
            return (self._too_expensive(),)
        return tuple(Finding(**finding) for finding in answer)

    async def draft(
        self, source: str, scopes: Sequence[Scope], fillers: Mapping[str, int] | None = None
    ) -> Sequence[Sequence[Draft]]:
        told = [asdict(scope) for scope in scopes]
        answer = await self._ask("draft", source=source, scopes=told, fillers=fillers or {})
        if answer is None:
            raise TemplateTooExpensiveError(
                f"Rendering these prompts takes more than {self._bounds()}, so it was given up."
                " Make the template simpler, or look at fewer records."
            )
        return [[_draft(draft) for draft in drafts] for drafts in answer]

    async def _ask(self, verb: str, **told: object) -> list[Any] | None:
        """What the child answers; None when it took more than it may."""
        child = await asyncio.create_subprocess_exec(
            *self._command, verb, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment()
        )
        try:
            await started(child.stdout)
            async with asyncio.timeout(self.deadline_seconds):
                answer, _ = await child.communicate(json.dumps(told).encode())
        except TimeoutError:
            return None
        finally:
            await end(child)
        return list(json.loads(answer)) if child.returncode == 0 else None

    def _too_expensive(self) -> Finding:
        return Finding(
            code=Code.TOO_EXPENSIVE,
            message=f"Reading this template takes more than {self._bounds()}, so it was given up.",
            suggestion="Make it smaller, or simpler.",
            line=1,
            column=1,
        )

    def _bounds(self) -> str:
        return f"{self.deadline_seconds:g} seconds or {MEMORY_BYTES // 1024**2} MB of memory"


def _draft(told: dict[str, Any]) -> Draft:
    return Draft(**{**told, "messages": tuple(Message(**message) for message in told["messages"])})


def environment() -> dict[str, str]:
    """What a process that reads templates is given of ours."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


async def started(answers: asyncio.StreamReader | None) -> None:
    """Return once a child says that it is ready. Raises GristmillError when it does not."""
    try:
        async with asyncio.timeout(START_SECONDS):
            ready = await answers.readline() if answers is not None else b""
    except (TimeoutError, OSError):
        ready = b""
    if not ready:
        raise GristmillError("The process that reads templates did not start.")


async def end(child: Process) -> None:
    """Let it be gone."""
    if child.returncode is None:
        child.kill()
    await child.wait()
