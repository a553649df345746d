"""Saying that the disk is full while somebody can still do something about it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from gristmill.cli.terminal import say
from gristmill.domain.event import Event
from gristmill.jobs.follow import Watch
from gristmill.jobs.report import JobReport

# About what the next commits of a few leases need.
LEAST_ROOM = 8 * 1024 * 1024


def free_bytes(folder: Path) -> int:
    """How much more the disk of a folder takes."""
    return shutil.disk_usage(folder).free


def watching_room(watch: Watch, folder: Path, *, free: Callable[[Path], int] = free_bytes) -> Watch:
    """The same watch, which also tells once when the disk has no room any more, and once when it has again."""
    was_full = False

    def look(report: JobReport, events: list[Event]) -> None:
        nonlocal was_full
        is_full = free(folder) < LEAST_ROOM
        if is_full and not was_full:
            say(f"No room is left on the disk of {folder}: no new calls, and answers wait in memory.", style="yellow")
            say("Free some space and the job goes on by itself; end it only with Ctrl-C.", style="yellow")
        if was_full and not is_full:
            say("There is room again: the job goes on.", style="yellow")
        was_full = is_full
        watch(report, events)

    return look
