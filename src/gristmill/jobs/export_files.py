"""Exports kept beside their job: asked for, made, and packed into one file."""

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from gristmill.datasets import check_splits
from gristmill.domain.export import Export, ExportFile, ExportWish
from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.errors import BadInputError
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
    )
    refuse_unmapped(order.recipe, formats, lineage=order.lineage)
    refuse_partition(order)
    return order


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
