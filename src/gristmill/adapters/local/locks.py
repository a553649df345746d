"""Locks of the kernel: held by a file as long as its process lives, and free the moment it dies, however it dies."""

import fcntl
import os
import socket
from datetime import datetime
from pathlib import Path

from gristmill.datasets.files import make_folder, storage_errors
from gristmill.errors import InUseError


class FileLock:
    """A lock that is held until `release` or the end of this process; programs it starts do not inherit it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "FileLock | None":
        """The lock of this file, which is created if need be; None when another holds it. Never waits."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def note(self, text: str) -> None:
        """Write who holds the lock into its file, for people."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    @property
    def is_current(self) -> bool:
        """Whether the file still stands under its name: a lock of a deleted file keeps nobody out."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Free the lock. Again: nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lock_folder(folder: Path, *, now: datetime) -> FileLock:
    """The lock of a folder for one `run`, held for life. Raises InUseError, which says who holds it."""
    path = folder / "lock"
    with storage_errors(path):
        make_folder(folder)
        lock = FileLock.take(path)
        if lock is None:
            holder = path.read_text(errors="replace").strip() or "another process"
            raise InUseError(f"{folder} is in use by {holder}. Wait for it to end, or choose another folder.")
        lock.note(f"process {os.getpid()} on {socket.gethostname()}, started {now.isoformat(timespec='seconds')}\n")
    return lock
