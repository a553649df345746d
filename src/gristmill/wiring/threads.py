"""The threads that write and read for the event loop, and a count of what they cost."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
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


async def run_apart(work: Coroutine[None, None, T]) -> T:
    """Run on a loop of its own in a thread, beside this one and not in it, so that nobody here waits for it.

    Cancelled here, it is cancelled there, and has ended when this returns.
    """
    loop = asyncio.new_event_loop()
    inner = loop.create_task(work)
    outer = asyncio.ensure_future(asyncio.to_thread(_run_to_end, loop, inner))
    try:
        return await asyncio.shield(outer)
    except asyncio.CancelledError:
        loop.call_soon_threadsafe(inner.cancel)
        with suppress(asyncio.CancelledError):
            await outer
        raise


def _run_to_end(loop: asyncio.AbstractEventLoop, work: "asyncio.Task[T]") -> T:
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
