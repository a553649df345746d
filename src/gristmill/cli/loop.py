"""The event loop of processes that live long: the fastest there is on this platform."""

import asyncio
import sys
from collections.abc import Coroutine


def run_loop(main: Coroutine[None, None, None]) -> None:
    """Run to the end, as `asyncio.run` does."""
    if sys.platform == "win32":
        asyncio.run(main)
    else:
        import uvloop

        uvloop.run(main)
