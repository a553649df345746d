"""An open database: each verb one transaction, run in a thread so that the event loop never waits for the disk."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import JobId

P = ParamSpec("P")
T = TypeVar("T")


class Connected:
    """Runs functions over a transaction, in as many threads as the kind of database can use."""

    def __init__(
        self, database: Database, *, ttl: timedelta, now: Callable[[], datetime] | None, chance: random.Random
    ) -> None:
        self._database = database
        self._ttl = ttl
        self._now = now
        self._chance = chance
        self._reader = ThreadPoolExecutor(max_workers=database.readers, thread_name_prefix="store-read")
        self._writer = ThreadPoolExecutor(max_workers=database.writers, thread_name_prefix="store-write")

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await asyncio.to_thread(self._close)

    async def _read(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb that sees one moment of the store and writes nothing."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._reader, lambda: self._run(self._database.reading(), verb, *args, **kwargs)
        )

    async def _write(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb as if it were alone: no other write of the store happens between its reads and its writes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._writer, lambda: self._run(self._database.writing(), verb, *args, **kwargs)
        )

    async def _write_job(
        self, job: JobId, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb as if it were alone with its job. It must read and write rows of this job only.

        Jobs then do not wait for each other, where the database can do that.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._writer, lambda: self._run(self._database.writing(job), verb, *args, **kwargs)
        )

    def _run(
        self,
        transaction: AbstractContextManager[Connection],
        verb: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with transaction as connection:
            # The time is read once the store let us in: waiting for a lock must not make a lease look alive.
            now = self._now() if self._now is not None else self._database.read_clock(connection)
            return verb(
                Transaction(connection=connection, now=now, ttl=self._ttl, chance=self._chance), *args, **kwargs
            )

    def _close(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._database.engine.dispose()
