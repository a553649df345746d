"""One machine: files, the kernel's locks, its clocks, and child processes."""

from gristmill.adapters.local.blobs import LocalBlobs
from gristmill.adapters.local.clock import SystemClock
from gristmill.adapters.local.journal import LocalJournal
from gristmill.adapters.local.locks import FileLock, lock_folder
from gristmill.adapters.local.subprocesses import SubprocessExecutor
from gristmill.adapters.local.supervisor import Supervisor

__all__ = [
    "FileLock",
    "LocalBlobs",
    "LocalJournal",
    "SubprocessExecutor",
    "Supervisor",
    "SystemClock",
    "lock_folder",
]
