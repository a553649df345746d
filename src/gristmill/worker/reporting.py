"""A worker's word that it lives, and what it measures, every few seconds."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from gristmill.domain.ids import WorkerId
from gristmill.errors import StorageFullError, StoreBusyError
from gristmill.worker.ports import TurnPorts

REPORT_SECONDS = 5.0


async def keep_reporting(ports: TurnPorts, worker: WorkerId, count_jobs: Callable[[], int]) -> None:
    """Report until cancelled, and then say that this worker is gone. A store that is too busy is told the next time."""
    started_at = ports.clock.now()
    try:
        while True:
            await _report(ports, worker, started_at, count_jobs())
            await asyncio.sleep(REPORT_SECONDS)
    finally:
        with suppress(StoreBusyError, StorageFullError):
            await ports.workers.forget_worker(worker)


async def _report(ports: TurnPorts, worker: WorkerId, started_at: datetime, jobs: int) -> None:
    gauges = ports.meter.read(jobs=jobs, cpu_seconds=ports.cpu_seconds())
    with suppress(StoreBusyError, StorageFullError):
        await ports.workers.report_worker(worker, ports.host, started_at, gauges)
