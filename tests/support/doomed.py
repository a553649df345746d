"""`gristmill` with a worker that kills itself, and the run above it, at one instant inside our own functions.

The file named by DOOM holds one line, `POINT K`: the first worker that starts takes it and dies at the K-th time it
comes to that point. Everything else is the product as it ships, but for smaller commits.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import Buffer

from gristmill import cli
from gristmill.adapters.local import LocalBlobs, SubprocessExecutor, epochlog
from gristmill.adapters.local.epochlog import LocalEpochLog
from gristmill.adapters.sql import SqlStore, leases
from gristmill.datasets import files
from gristmill.worker import desk, keeper

COMMIT_ROWS = 20
write_bytes = os.write


def die() -> NoReturn:
    """End this worker and the run that started it, as kill -9 does."""
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class Trap:
    """Springs at the K-th call of a function."""

    def __init__(self, times: int) -> None:
        self._left = times

    def springs(self) -> bool:
        self._left -= 1
        return self._left == 0

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def trapped(*args: Any, **named: Any) -> Any:
            if self.springs():
                die()
            return call(*args, **named)

        return trapped

    def after(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def trapped(*args: Any, **named: Any) -> Any:
            result = call(*args, **named)
            if self.springs():
                die()
            return result

        return trapped

    def answered(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        async def trapped(*args: Any, **named: Any) -> Any:
            result = await call(*args, **named)
            if self.springs():
                die()
            return result

        return trapped

    def torn_line(self, line_of: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """Half a line is written, and then nothing."""

        def trapped(content: bytes) -> bytes:
            line = line_of(content)
            if not self.springs():
                return line
            os.write = _write_and_die
            return line[: len(line) // 2]

        return trapped

    def torn_file(self, put: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
        """Half a file is written, and then nothing."""

        def trapped(path: Path, content: bytes) -> None:
            if self.springs():
                with files.new_file(path, replace=False) as file:
                    file.write(content[: len(content) // 2])
                    file.flush()
                    die()
            put(path, content)

        return trapped


def _write_and_die(descriptor: int, content: Buffer) -> NoReturn:
    write_bytes(descriptor, content)
    die()


# Where a worker may die: what is trapped there, and how.
POINTS: dict[str, tuple[Any, str, Callable[[Trap], Callable[..., Any]]]] = {
    "before a line": (LocalEpochLog, "_append", lambda trap: trap.before),
    "in a line": (epochlog, "_line_of", lambda trap: trap.torn_line),
    "after a line": (LocalEpochLog, "_append", lambda trap: trap.after),
    "before a file": (LocalBlobs, "_put", lambda trap: lambda put: staticmethod(trap.before(put))),
    "in a file": (LocalBlobs, "_put", lambda trap: lambda put: staticmethod(trap.torn_file(put))),
    "before a file's name": (files, "_link", lambda trap: trap.before),
    "after a file's name": (files, "_link", lambda trap: trap.after),
    "after a file": (LocalBlobs, "_put", lambda trap: lambda put: staticmethod(trap.after(put))),
    "in a commit": (leases, "commit_segment", lambda trap: trap.after),
    "in a recovery": (leases, "settle_epoch", lambda trap: trap.after),
    "after a recovery": (SqlStore, "settle_epoch", lambda trap: trap.answered),
    "after a commit": (SqlStore, "commit_segment", lambda trap: trap.answered),
    "after a lease": (SqlStore, "acquire_shard", lambda trap: trap.answered),
    "in a release": (leases, "release_lease", lambda trap: trap.after),
    "after a release": (SqlStore, "release_lease", lambda trap: trap.answered),
}


def _arm(doom: Path) -> None:
    try:
        point, _, times = doom.read_text().rpartition(" ")
        doom.unlink()
    except FileNotFoundError:
        return
    place, name, kind = POINTS[point]
    setattr(place, name, kind(Trap(int(times)))(getattr(place, name)))


def _main() -> None:
    for module in (desk, keeper):
        vars(module)["COMMIT_ROWS"] = COMMIT_ROWS
    command = (sys.executable, "-m", "support.doomed", "worker")
    SubprocessExecutor.__init__.__kwdefaults__["command"] = command  # type: ignore[index]
    if sys.argv[1] == "worker":
        _arm(Path(os.environ["DOOM"]))
    cli.main()


if __name__ == "__main__":
    _main()
