"""What a server tidies now and then: nobody waits for it, and several servers may do it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from gristmill.adapters.sql import SqlStore
from gristmill.jobs.leftovers import tidy_deleted
from gristmill.library.seeds import tidy_seeds
from gristmill.library.uploads import tidy_uploads
from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.wiring.threads import run_apart

# Not at once: a server that starts has better things to do.
FIRST_SECONDS = 60.0
EVERY_SECONDS = 3600.0

log = structlog.get_logger()


async def keep_tidy(
    store: SqlStore, blobs: Blobs, clock: Clock, *, rest: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Tidy soon and then every hour, until cancelled; `rest` lets so many seconds pass."""
    await rest(FIRST_SECONDS)
    while True:
        await run_apart(tidy_once(store, blobs, now=clock.now()))
        await rest(EVERY_SECONDS)


async def tidy_once(store: SqlStore, blobs: Blobs, *, now: datetime) -> None:
    """Drop what expired and what a crash left behind. What cannot be tidied now is tidied the next time."""
    parts: Mapping[str, Callable[[], Awaitable[int | None]]] = {
        "accounts": store.tidy_accounts,
        "uploads": lambda: tidy_uploads(store, blobs, now=now),
        "seeds": lambda: tidy_seeds(store, blobs),
        "deleted_jobs": lambda: tidy_deleted(store, blobs),
    }
    for part, tidy in parts.items():
        try:
            if count := await tidy():
                log.info("tidied", part=part, count=count)
        except Exception as error:
            log.warning("not_tidied", part=part, exc_info=error)
