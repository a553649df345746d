"""Exports kept beside their job: asked for, made, and packed into one file."""

import asyncio
import hashlib
import random
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gristmill.datasets import check_splits
from gristmill.domain.export import Export, ExportFile, ExportStatus, ExportWish
from gristmill.domain.ids import ExportId, JobId, UserId
from gristmill.domain.job import Job
from gristmill.errors import BadInputError, GristmillError, NotFoundError
from gristmill.jobs.export import (
    FORMATS,
    ExportOrder,
    default_name,
    export_job,
    recipe_for_export,
    refuse_partition,
    refuse_unmapped,
)
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.summary import ExportedAs
from gristmill.ports.exports import ExportStore

# So many are written in the time of a request; more are written in the background.
SMALL_RECORDS = 2_000


def order_of(job: Job, wish: ExportWish) -> ExportOrder:
    """What a wish means for this job. Raises BadInputError for what its records cannot become."""
    formats = [fmt for fmt in FORMATS if fmt == wish.format]
    if not formats:
        raise BadInputError(f"There is no format {wish.format!r}: use one of {', '.join(FORMATS)}.")
    order = ExportOrder(
        format=formats[0],
        recipe=recipe_for_export(job),
        shares=check_splits(wish.split) if wish.split else None,
        partition_by=wish.partition_by,
        lineage=wish.lineage,
        marks=wish.marks,
    )
    refuse_unmapped(order.recipe, formats, lineage=order.lineage, marks=order.marks)
    refuse_partition(order)
    return order


async def ask_for_export(ports: JobPorts, job: Job, wish: ExportWish, *, chance: random.Random) -> Export:
    """Make a small export at once, and note a large one for whoever makes them. Raises what `make_export` raises."""
    await asyncio.to_thread(order_of, job, wish)
    now = ports.clock.now()
    export = Export(id=_new_id(chance), job=job.id, owner=job.owner, wish=wish, created_at=now)
    if (await ports.store.read_totals(job.id)).accepted <= SMALL_RECORDS:
        made = await make_export(ports, export)
        export = replace(export, status=ExportStatus.DONE, file=made, finished_at=ports.clock.now())
    await ports.exports.add_export(export)
    return export


async def find_export(exports: ExportStore, owner: UserId, export_id: ExportId) -> Export:
    """The owner's export. Raises NotFoundError also for another's."""
    export = await exports.read_export(export_id)
    if export.owner != owner:
        raise NotFoundError(f"There is no export {export_id}.")
    return export


async def end_export(ports: JobPorts, export: Export, maker: str) -> None:
    """Make an export that was taken, and note its file or why there is none."""
    try:
        made: ExportFile | str = await make_export(ports, export)
    except GristmillError as error:
        made = str(error)
    await ports.exports.end_export(export.id, maker, made)


async def make_export(ports: JobPorts, export: Export) -> ExportFile:
    """Write the job's records as they stand now and keep them as one file: a ZIP archive where there are several.

    Raises BadInputError and UnfitRecordError for what cannot be written so, and StorageFullError.
    """
    job = await ports.store.read_job(export.job)
    order = order_of(job, export.wish)
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        target = Path(folder) / "files" / default_name(order.format)
        target.parent.mkdir()
        made = await export_job(ports, job, order, target)
        path = await asyncio.to_thread(_pack, made, target.parent, Path(folder), f"{job.order.name}-{order.format}.zip")
        blob = f"{exports_folder(export.job)}{export.id}/{path.name}"
        await ports.blobs.put_file(blob, path)
        return ExportFile(
            name=path.name,
            blob=blob,
            bytes=path.stat().st_size,
            records=sum(one.file.records for one in made),
            sha256=await asyncio.to_thread(_digest_of, path),
        )


def _new_id(chance: random.Random) -> ExportId:
    return ExportId(f"{chance.getrandbits(64):016x}")


def exports_folder(job: JobId) -> str:
    """Where a job's exports lie."""
    return f"jobs/{job}/exports/"


def _pack(made: Sequence[ExportedAs], files: Path, folder: Path, name: str) -> Path:
    if len(made) == 1 and made[0].file.path.is_file():
        return made[0].file.path
    archive = folder / name
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted(files.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(files))
    return archive


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
