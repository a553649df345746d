"""The journal on this machine's disk: one folder a worker, locked while it lives, and one file a lease's epoch."""

import contextlib
import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from gristmill.adapters.local.epochlog import LocalEpochLog, read_epoch
from gristmill.adapters.local.locks import FileLock
from gristmill.datasets.files import make_folder, storage_errors
from gristmill.domain.ids import WorkerId
from gristmill.domain.shard import Lease
from gristmill.errors import InUseError
from gristmill.ports.journal import DeadEpoch

LOG = ".journal"
LOCK = "lock"
SYNC_SECONDS = 1.0

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def read_boot_id() -> str | None:
    """What names this run of the machine's kernel; None where the kernel does not say, and then nothing is proof."""
    try:
        return BOOT_ID.read_text().strip() or None
    except OSError:
        return None


class LocalJournal:
    """The journals below `root`. This worker's folder appears locked, and is locked until `close` or its death."""

    def __init__(self, root: Path, worker: WorkerId, *, boot_id: str | None = None) -> None:
        """Take this worker's folder. Raises InUseError when the name is taken, StorageFullError.

        `boot_id` is the kernel's unless given.
        """
        self._root = root
        self._worker = worker
        self._boot_id = boot_id or read_boot_id()
        self._claims: dict[WorkerId, FileLock] = {}
        self._numbers = itertools.count(1)
        self._logs: set[LocalEpochLog] = set()
        self._guard = threading.Lock()
        self._closing = threading.Event()
        with storage_errors(root / worker):
            self._lock = _make_locked(root, worker)
        self._syncing = threading.Thread(target=self._keep_synced, name="journal", daemon=True)
        self._syncing.start()

    def open_epoch(self, lease: Lease) -> LocalEpochLog:
        """A new log for the lease's epoch. Raises StorageFullError."""
        path = self._root / self._worker / f"{next(self._numbers):08d}{LOG}"
        log = LocalEpochLog(path, lease, boot_id=self._boot_id, on_close=self._drop)
        with self._guard:
            self._logs.add(log)
        return log

    def dead_workers(self) -> Sequence[WorkerId]:
        """The workers whose journals lie here and whose lock was free: this one has claimed them now."""
        # A look that let go again could make two workers that start at once each believe the other has it.
        folders = sorted(self._root.glob("[!.]*/"))
        return [worker for folder in folders if self._claim(worker := WorkerId(folder.name))]

    def is_here(self, worker: WorkerId) -> bool:
        """Whether the worker's journal lies below `root`, whoever holds it."""
        return (self._root / worker).is_dir()

    def read_dead(self, worker: WorkerId) -> Sequence[DeadEpoch]:
        """What a dead worker's logs say, or nothing if another has claimed it. Ours holds until `forget` or `close`."""
        if not self._claim(worker):
            return []
        paths = sorted((self._root / worker).glob(f"*{LOG}"))
        epochs = (read_epoch(path, worker, boot_id=self._boot_id) for path in paths)
        return [epoch for epoch in epochs if epoch is not None]

    def forget(self, worker: WorkerId) -> None:
        """Delete a dead worker's journal that this one has claimed."""
        if worker in self._claims:
            _delete(self._root / worker)
            self._claims.pop(worker).release()

    def close(self) -> None:
        """Free this worker's lock and its claims, and delete its folder if no log is left in it."""
        self._closing.set()
        self._syncing.join()
        for log in list(self._logs):
            log.close(delete=False)
        folder = self._root / self._worker
        # The lock is still held: nobody can take the folder for a dead worker's while it goes.
        if not any(folder.glob(f"*{LOG}")):
            _delete(folder)
        for lock in (self._lock, *self._claims.values()):
            lock.release()
        self._claims.clear()

    def _claim(self, worker: WorkerId) -> bool:
        if worker in self._claims:
            return True
        lock = _take(self._root / worker)
        if lock is not None:
            self._claims[worker] = lock
        return lock is not None

    def _drop(self, log: LocalEpochLog) -> None:
        with self._guard:
            self._logs.discard(log)

    def _keep_synced(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            with self._guard:
                copies = [log.unsynced() for log in self._logs]
            for copy in copies:
                if copy is not None:
                    # A sync that fails loses nothing now: it would matter only to a power loss.
                    with contextlib.suppress(OSError):
                        os.fdatasync(copy)
                    os.close(copy)


def _make_locked(root: Path, worker: WorkerId) -> FileLock:
    """The lock of a new folder that nobody sees before it is locked."""
    make_folder(root)
    folder, hidden = root / worker, root / f".{worker}"
    if folder.exists():
        raise InUseError(f"{folder} is the journal of another worker")
    hidden.mkdir(exist_ok=True)
    lock = FileLock.take(hidden / LOCK)
    if lock is None:
        raise InUseError(f"{folder} is the journal of another worker")
    hidden.rename(folder)
    lock.path = folder / LOCK
    return lock


def _take(folder: Path) -> FileLock | None:
    """The lock of a dead worker's folder, or None while somebody holds it or when the folder has gone."""
    try:
        lock = FileLock.take(folder / LOCK)
    except OSError:
        return None
    if lock is not None and not lock.is_current:
        lock.release()
        return None
    return lock


def _delete(folder: Path) -> None:
    """Delete a folder whose lock we hold; the lock last, so that nobody finds logs without it."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir(), key=lambda path: path.name == LOCK):
            path.unlink()
        folder.rmdir()
