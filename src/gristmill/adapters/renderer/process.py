"""A child process for each template: it has a deadline, and is gone when the answer is there."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

from gristmill.adapters.renderer.child import MEMORY_BYTES
from gristmill.errors import Finding, GristmillError
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
    """Reads each template in a process of its own."""

    def __init__(self, *, command: Sequence[str] = CHILD, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._command = tuple(command)
        self._deadline_seconds = deadline_seconds

    async def lint(self, source: str) -> Sequence[Finding]:
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_environment()
        )
        try:
            await _started(child)
            async with asyncio.timeout(self._deadline_seconds):
                answer, _ = await child.communicate(source.encode(errors="surrogatepass"))
        except TimeoutError:
            return (self._too_expensive(),)
        finally:
            await _end(child)
        return _findings(answer) if child.returncode == 0 else (self._too_expensive(),)

    def _too_expensive(self) -> Finding:
        return Finding(
            code=Code.TOO_EXPENSIVE,
            message=f"Reading this template takes more than {self._deadline_seconds:g} seconds or"
            f" {MEMORY_BYTES // 1024**2} MB of memory, so it was given up.",
            suggestion="Make it smaller, or simpler.",
            line=1,
            column=1,
        )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


async def _started(child: Process) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            ready = await child.stdout.readline() if child.stdout is not None else b""
    except TimeoutError:
        ready = b""
    if not ready:
        raise GristmillError("The process that reads templates did not start.")


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


def _findings(answer: bytes) -> tuple[Finding, ...]:
    return tuple(Finding(**finding) for finding in json.loads(answer))
