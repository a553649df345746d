"""Workers as child processes of this one."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gristmill.domain.ids import JobId

LAST_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A worker's process and what it writes to stderr."""

    process: asyncio.subprocess.Process
    stderr: BinaryIO


class SubprocessExecutor:
    """Starts `gristmill worker --job JOB --dir DIR` with this very Python.

    Each worker is in a process group of its own, so a Ctrl-C reaches only us, who then say whether to drain or kill;
    and it reads a pipe of ours as its stdin, whose end tells it that we have gone, however we went.
    """

    def __init__(self, folder: Path, *, command: Sequence[str] = (sys.executable, "-m", "gristmill", "worker")) -> None:
        self._folder = folder
        self._command = tuple(command)
        self._children: list[Child] = []

    async def launch(self, job: JobId, workers: int) -> None:
        """Start so many workers."""
        for _ in range(workers):
            stderr = tempfile.TemporaryFile()  # noqa: SIM115 - `wait` reads and closes it
            process = await asyncio.create_subprocess_exec(
                *self._command,
                *("--job", job, "--dir", os.fspath(self._folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=stderr,
                process_group=0,
            )
            self._children.append(Child(process=process, stderr=stderr))

    async def wait(self) -> Sequence[str]:
        """Return when every worker has gone, with the last words of those that failed."""
        words = []
        while self._children:
            child = self._children[0]
            status = await child.process.wait()
            # Only now: a wait that is cancelled leaves the worker to be drained, killed and waited for.
            self._children.remove(child)
            said = _last_words(child.stderr)
            if status:
                words.append(f"a worker ended with {_name_of(status)}{': ' if said else ''}{said}")
        return words

    def drain(self) -> None:
        """Ask the workers to finish what is in flight, commit and go (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the workers at once (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process.returncode is None:
                child.process.send_signal(number)


def _last_words(stderr: BinaryIO) -> str:
    with stderr:
        size = stderr.seek(0, os.SEEK_END)
        stderr.seek(max(size - LAST_WORDS, 0))
        return stderr.read().decode(errors="replace").strip()


def _name_of(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
