"""Workers of one job as child processes of this one."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gristmill.adapters.local.children import Child, name_of, start_child
from gristmill.domain.ids import JobId


class SubprocessExecutor:
    """Starts `gristmill worker --job JOB --dir DIR` with this very Python, each as `start_child` does."""

    def __init__(self, folder: Path, *, command: Sequence[str] = (sys.executable, "-m", "gristmill", "worker")) -> None:
        self._folder = folder
        self._command = tuple(command)
        self._children: list[Child] = []

    async def launch(self, job: JobId, workers: int) -> None:
        """Start so many workers."""
        command = (*self._command, "--job", job, "--dir", os.fspath(self._folder))
        for _ in range(workers):
            self._children.append(await start_child(command))

    async def wait(self) -> Sequence[str]:
        """Return when every worker has gone, with the last words of those that failed."""
        words = []
        while self._children:
            child = self._children[0]
            status = await child.process.wait()
            # Only now: a wait that is cancelled leaves the worker to be drained, killed and waited for.
            self._children.remove(child)
            said = child.close()
            if status:
                words.append(f"a worker ended with {name_of(status)}{': ' if said else ''}{said}")
        return words

    def drain(self) -> None:
        """Ask the workers to finish what is in flight, commit and go (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the workers at once (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children:
            child.send(number)
