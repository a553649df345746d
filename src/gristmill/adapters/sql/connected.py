"""An open database: each verb one transaction, run in a thread so that the event loop never waits for the disk."""

import asyncio
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gristmill.adapters.sql.sqlite import translate
from gristmill.adapters.sql.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Connected:
    """Runs functions over a transaction, one thread writing and one reading."""

    def __init__(
        self, reading: Engine, writing: Engine, *, ttl: timedelta, now: Callable[[], datetime], chance: random.Random
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._ttl = ttl
        self._now = now
        self._chance = chance
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-read")
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-write")

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await asyncio.to_thread(self._close)

    async def _read(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, lambda: self._run(self._reading, verb, *args, **kwargs))

    async def _write(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: self._run(self._writing, verb, *args, **kwargs))

    def _run(
        self, engine: Engine, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with vendor_errors(), engine.begin() as connection:
            # The time is read once the store let us in: waiting for a lock must not make a lease look alive.
            tx = Transaction(connection=connection, now=self._now(), ttl=self._ttl, chance=self._chance)
            return verb(tx, *args, **kwargs)

    def _close(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._reading.dispose()


@contextmanager
def vendor_errors() -> Iterator[None]:
    """Turn what the database says into what a caller can act on."""
    try:
        yield
    except Exception as error:
        refusal = translate(error.orig if isinstance(error, DBAPIError) and error.orig else error)
        if refusal is None:
            raise
        raise refusal from error
