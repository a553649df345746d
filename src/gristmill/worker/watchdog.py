"""What stands by when a rendering does not end: it looks up twice in each second of CPU, and costs nothing between."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gristmill.errors import TemplateTooExpensiveError
from gristmill.recipes.work import WORK

LOOK_SECONDS = 0.5
LOOKS = 4


@contextmanager
def watch_rendering() -> Iterator[None]:
    """End a rendering that goes on for about two seconds of this process's CPU with TemplateTooExpensiveError.

    Steps are counted, so what is left is a regular expression or a number that takes its time within one step. CPU and
    not the clock: a busy machine rejects no record. Signals reach the main thread alone: elsewhere it watches nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _watching.append(None)
    if len(_watching) == 1:
        signal.signal(signal.SIGVTALRM, _Watchdog().look)
        signal.setitimer(signal.ITIMER_VIRTUAL, LOOK_SECONDS, LOOK_SECONDS)
    try:
        yield
    finally:
        _watching.pop()
        if not _watching:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, signal.SIG_IGN)


# One timer for the process, however many watch: it stops with the last of them.
_watching: list[None] = []


class _Watchdog:
    """Remembers which rendering it saw, and how often in a row."""

    def __init__(self) -> None:
        self._number = -1
        self._seen = 0

    def look(self, _signal: int, _frame: FrameType | None) -> None:
        # Raised only within a rendering, which turns it into the record's own failure.
        if not WORK.is_on:
            self._number = -1
            return
        if WORK.number != self._number:
            self._number, self._seen = WORK.number, 0
        self._seen += 1
        if self._seen == LOOKS:
            raise TemplateTooExpensiveError(f"it takes about {LOOKS * LOOK_SECONDS:g} seconds or more to render")
