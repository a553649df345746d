"""A worker as a child process of this one."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

LAST_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A worker's process and what it writes to stderr."""

    process: asyncio.subprocess.Process
    stderr: BinaryIO

    def send(self, number: signal.Signals) -> None:
        """Signal the process, if it still lives."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    def close(self) -> str:
        """The last words of a process that has gone; nothing may be asked after it."""
        with self.stderr:
            size = self.stderr.seek(0, os.SEEK_END)
            self.stderr.seek(max(size - LAST_WORDS, 0))
            return self.stderr.read().decode(errors="replace").strip()


async def start_child(command: Sequence[str]) -> Child:
    """Start a worker. Raises OSError when the machine has no room for one.

    It is in a session of its own, so a Ctrl-C reaches only us, who then say whether to drain or kill; and it
    reads a pipe of ours as its stdin, whose end tells it that we have gone, however we went.
    """
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - `close` reads and closes it
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    except BaseException:
        stderr.close()
        raise
    return Child(process=process, stderr=stderr)


def name_of(status: int) -> str:
    """An exit status in words."""
    return signal.Signals(-status).name if status < 0 else f"status {status}"
