"""Exports made in the background, one after the other, beside the event loop and not in it."""

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta

import structlog

from gristmill.domain.export import Export
from gristmill.errors import GristmillError
from gristmill.jobs.export_files import end_export
from gristmill.jobs.ports import JobPorts
from gristmill.wiring.threads import run_apart

LOOK_SECONDS = 1.0
TTL = timedelta(seconds=60)
KEEP_SECONDS = 20.0

log = structlog.get_logger()


async def make_exports(ports: JobPorts) -> None:
    """Make whatever export nobody makes, until cancelled. One whose server died is made by another after a minute."""
    maker = secrets.token_hex(8)
    while True:
        try:
            export = await ports.exports.take_export(maker, TTL)
            if export is not None:
                await _make(ports, export, maker)
                continue
        except GristmillError as error:
            log.warning("export_postponed", why=str(error))
        except Exception as error:
            # Whatever it is, other exports are made; this one is tried again when its time is over.
            log.error("export_fell", exc_info=error)  # noqa: TRY400 - structlog's own way
        await asyncio.sleep(LOOK_SECONDS)


async def _make(ports: JobPorts, export: Export, maker: str) -> None:
    keeping = asyncio.create_task(_keep(ports, export, maker))
    try:
        # Rows are read and written without a pause, and requests go on meanwhile.
        await run_apart(end_export(ports, export, maker))
        log.info("export_made", export=export.id, job=export.job)
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(ports: JobPorts, export: Export, maker: str) -> None:
    while True:
        await asyncio.sleep(KEEP_SECONDS)
        with suppress(GristmillError):
            await ports.exports.keep_export(export.id, maker, TTL)
