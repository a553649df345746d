"""The processes that a test started and has not ended."""

from contextlib import suppress
from pathlib import Path

# What other tests of this process keep running, such as a server for all of them.
_others = set[int]()


def leave_others() -> None:
    """Count only what is started from now on."""
    _others.clear()
    _others.update(children())


def children(of: int | str = "self") -> list[int]:
    """The children of a process that stand now."""
    found = list[int]()
    for task in Path(f"/proc/{of}/task").glob("*/children"):
        # A thread may end while it is asked.
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(pid) for pid in task.read_text().split()]
    return [pid for pid in found if pid not in _others]
