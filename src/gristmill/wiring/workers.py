"""What a worker is given: its own ports, the models of each job, and what becomes of jobs that have ended."""

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from gristmill.adapters.local import LocalJournal, SystemClock
from gristmill.adapters.routing import CheckedModels, RoutedModels
from gristmill.adapters.sql import SqlStore
from gristmill.datasets import compact_job
from gristmill.domain.account import SOLE
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.user_models import UserModels
from gristmill.ports.blobs import Blobs
from gristmill.ports.sealer import Sealer
from gristmill.wiring.generated import keep_generated
from gristmill.wiring.places import Place
from gristmill.wiring.ports import open_blobs, open_models, open_store_at
from gristmill.wiring.settings import Settings
from gristmill.wiring.threads import use_counted_threads
from gristmill.wiring.user_models import models_for_owner
from gristmill.worker.ports import TurnPorts


@asynccontextmanager
async def open_turn_ports(place: Place, settings: Settings, worker: WorkerId) -> AsyncIterator[TurnPorts]:
    """What a worker needs, of one job or of all, closed at the end.

    The log then tells what the process cost, and its writing in it.
    """
    threads = use_counted_threads()
    store = await open_store_at(place.store_url)
    house = _House(settings=settings, store=store, blobs=open_blobs(place.blobs_url), shared=open_models(settings))
    journal = LocalJournal(place.journals, worker)
    try:
        yield TurnPorts(
            store=store,
            blobs=house.blobs,
            journal=journal,
            models=house.shared,
            clock=SystemClock(),
            turns=store,
            workers=store,
            host=socket.gethostname(),
            cpu_seconds=time.process_time,
            models_for=house.models_for,
            on_ended=house.on_ended,
        )
    finally:
        await house.shared.close()
        journal.close()
        await store.close()
        cpu = {"cpu_seconds": round(time.process_time(), 3), "writing_cpu_seconds": round(threads.cpu_seconds, 3)}
        structlog.get_logger().info("worker_gone", **cpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    """What a worker does for each job of its store."""

    settings: Settings
    store: SqlStore
    blobs: Blobs
    shared: RoutedModels

    async def models_for(self, job: JobId) -> CheckedModels:
        """The models of the job's owner, with the server's beside them."""
        row = await self.store.read_job(job)
        own = UserModels() if row.owner == SOLE.user else await self.store.read_models(row.owner)
        return models_for_owner(self.settings, own, self._sealer(own), row.order.models, shared=self.shared)

    def _sealer(self, own: UserModels) -> Sealer | None:
        # No secret is needed, or made, where no user has a key; and its machinery costs a start 100 ms.
        if not own.models:
            return None
        from gristmill.wiring.accounts import open_sealer  # noqa: PLC0415

        return open_sealer(self.settings)

    async def on_ended(self, job: JobId) -> None:
        """Put the job's records in an index, so that they are found at once; rows that it generated become seeds."""
        await compact_job(self.store, self.blobs, job)
        if (row := await self.store.read_job(job)).kind == "seeds":
            await keep_generated(row, self.store, self.blobs)
