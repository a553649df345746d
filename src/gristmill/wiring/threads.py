"""The threads that write and read for the event loop, and a count of what they cost."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Every thread keeps the memory of the largest segment it ever wrote or read, so there are few: one for the store, one
# for files.
THREADS = 2


class CountedThreads(ThreadPoolExecutor):
    """Threads that sum up the CPU time of what they run, in `cpu_seconds`: all writing, committing and reading."""

    def __init__(self) -> None:
        super().__init__(THREADS, thread_name_prefix="gristmill")
        self.cpu_seconds = 0.0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See Executor.submit."""
        return super().submit(self._counted, fn, *args, **kwargs)

    def _counted(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        started = time.thread_time()
        try:
            return fn(*args, **kwargs)
        finally:
            # Two threads may add in the same instant and lose one: a count, not an account.
            self.cpu_seconds += time.thread_time() - started


def use_counted_threads() -> CountedThreads:
    """Let the running loop do its blocking work in counted threads."""
    threads = CountedThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads
