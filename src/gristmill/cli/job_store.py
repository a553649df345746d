"""The jobs a verb means: those of a folder, or those of the settings' store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gristmill.errors import NotFoundError
from gristmill.jobs.ports import JobPorts
from gristmill.wiring.places import INNER, find_folder, folder_place, settings_place
from gristmill.wiring.ports import find_prices, open_job_ports
from gristmill.wiring.settings import read_settings


def find_jobs(folder: Path | None) -> Path | None:
    """The folder whose jobs are meant, None for the settings' store. Raises NotFoundError when it holds no jobs."""
    found = find_folder(folder)
    if found is not None and not (found / INNER / "store.db").is_file():
        raise NotFoundError(f"No job lies in {found}: there is no {found / INNER}.")
    return found


@asynccontextmanager
async def open_jobs(folder: Path | None) -> AsyncIterator[JobPorts]:
    """The ports of the jobs in a folder; without one, of `out` or the current folder, else of the settings' store.

    Raises NotFoundError when the folder holds no jobs: looking makes nothing.
    """
    found = find_jobs(folder)
    settings = read_settings(found)
    place = folder_place(found) if found is not None else settings_place(settings)
    async with open_job_ports(place, find_prices(settings, {}, callable_only=False)) as ports:
        yield ports
