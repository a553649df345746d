"""`gristmill worker`: one process that makes records, of one job or of all."""

import asyncio
import gc
import os
import secrets
import signal
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
from cyclopts import Parameter, validators

from gristmill.cli.boundary import BROKEN, OK
from gristmill.cli.job_store import find_jobs
from gristmill.cli.loop import run_loop
from gristmill.cli.terminal import say_error
from gristmill.domain.ids import JobId, WorkerId
from gristmill.errors import GristmillError
from gristmill.wiring.logs import open_log
from gristmill.wiring.places import Place, folder_place, settings_place
from gristmill.wiring.settings import Settings, read_settings
from gristmill.wiring.workers import open_turn_ports
from gristmill.worker import lend_models, run_worker, take_turns

STDIN = 0
KILLED_BY_TERM = 128 + signal.SIGTERM


def worker(
    *,
    job: str | None = None,
    dir: Annotated[Path | None, Parameter(name="--dir")] = None,  # noqa: A002
    grace: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
) -> int:
    """Work on a job until it ends, or, without one, on all jobs of the store until it is told to go.

    Users take turns, and so do the jobs of each. SIGTERM finishes what is in flight and keeps it; a second one stops at
    once.

    Example: gristmill worker

    Example: gristmill worker --job 20261123-101500-k3x9m2qa --dir out

    Parameters
    ----------
    job
        The job's id. Without it: every job, those that are ordered later too.
    dir
        The folder of the run. Without it: the settings' store, or for a job ./out if that holds jobs.
    grace
        The seconds that finishing may take: calls in flight ten seconds before are given up. Without it: no limit.
    """
    only = JobId(job) if job is not None else None
    folder = find_jobs(dir) if only is not None or dir is not None else None
    settings = read_settings(folder)
    place = folder_place(folder) if folder is not None else settings_place(settings)
    name = WorkerId(f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}")
    path = open_log(place.logs, name, only)
    try:
        run_loop(_work(only, name, place, settings, grace))
    except Exception as error:
        structlog.get_logger().error("worker_died", exc_info=error)
        if isinstance(error, GristmillError):
            raise
        say_error(f"The worker came to an unexpected end. The details are in {path}")
        return BROKEN
    return OK


async def _work(job: JobId | None, name: WorkerId, place: Place, settings: Settings, grace: float | None) -> None:
    drain = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: _drain_or_leave(drain))
    if _is_held_by_parent():
        loop.add_reader(STDIN, lambda: _watch_parent(drain, loop))
    async with open_turn_ports(place, settings, name) as ports:
        # A record's garbage alone is looked through, seldom enough to cost a fifth less CPU time.
        gc.freeze()
        if job is None:
            await take_turns(ports, name, drain, grace_seconds=grace)
        else:
            async with lend_models(ports, job) as models:
                await run_worker(job, replace(ports, models=models), name, drain, grace_seconds=grace)


def _drain_or_leave(drain: asyncio.Event) -> None:
    if drain.is_set():
        _leave()
    drain.set()


def _leave() -> NoReturn:
    # As sudden as a kill: the journal has every answer, and the next worker goes on from it.
    os._exit(KILLED_BY_TERM)


def _is_held_by_parent() -> bool:
    """Whether stdin is a pipe of whoever started this worker: its end then means that they are gone."""
    try:
        mode = os.fstat(STDIN).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _watch_parent(drain: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    if not os.read(STDIN, 1024):
        loop.remove_reader(STDIN)
        drain.set()
