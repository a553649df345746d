"""Asking a store until it answers."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

import structlog

from gristmill.domain.ids import WriteId
from gristmill.errors import StorageFullError, StoreBusyError

T = TypeVar("T")

PAUSE_SECONDS = 1.0

log = structlog.get_logger()


def new_write() -> WriteId:
    """An id for a write; the write keeps it however often it is sent."""
    return WriteId(secrets.token_hex(8))


async def persist(verb: Callable[[], Awaitable[T]], *, on_full: Callable[[], None] = lambda: None) -> T:
    """The answer of a verb, sent again unchanged while the store is busy or its disk full.

    `on_full` is called each time there was no room.
    """
    for refusals in count():
        try:
            answer = await verb()
        except StorageFullError as error:
            log.warning("no_room", why=str(error))
            on_full()
        except StoreBusyError as error:
            log.warning("store_busy", why=str(error))
        else:
            if refusals:
                log.info("written_at_last", refusals=refusals)
            return answer
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError  # it counts for ever
