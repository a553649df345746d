"""Whether a server can do its work: each part tried as a request would."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from gristmill.domain.worker import SILENT
from gristmill.errors import GristmillError
from gristmill.ports.blobs import Blobs
from gristmill.wiring.service import Service

PartName = Literal["store", "blobs", "workers"]

PROBE = "ready/probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """One part, and what is wrong with it."""

    name: PartName
    problem: str = ""


async def check_readiness(service: Service) -> Sequence[PartState]:
    """How store, blobs and workers stand. A file is written and deleted: a full disk can still be read."""
    return [
        await _try("store", lambda: service.store.list_jobs(limit=1)),
        await _try("blobs", lambda: _write_and_delete(service.blobs)),
        await _try("workers", lambda: _require_workers(service)),
    ]


async def _try(name: PartName, verb: Callable[[], Awaitable[object]]) -> PartState:
    try:
        await verb()
    except (GristmillError, OSError) as error:
        return PartState(name=name, problem=str(error))
    return PartState(name=name)


async def _write_and_delete(blobs: Blobs) -> None:
    # Two servers that ask at once write the same.
    await blobs.put_new(PROBE, b"ready")
    await blobs.delete(PROBE)


async def _require_workers(service: Service) -> None:
    if not await service.store.list_workers(service.clock.now() - SILENT):
        raise GristmillError("No worker has reported itself: start `gristmill worker`, or serve with --workers.")
