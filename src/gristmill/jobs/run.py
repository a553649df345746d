"""One order from beginning to end in a folder: take it up, follow it, deliver what it made."""

import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from gristmill.datasets import RejectList, list_rejects, read_rejects
from gristmill.domain.job import Job, JobStatus
from gristmill.errors import UnfitRecordError
from gristmill.jobs.create import create_job
from gristmill.jobs.export import DATASET_STEM, ExportOrder, default_name, export_job
from gristmill.jobs.follow import Follower
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import JobReport
from gristmill.jobs.request import JobRequest
from gristmill.jobs.resume import continue_job, find_changes, last_job, refuse_changes
from gristmill.jobs.summary import ExportedAs, Pace, summary_json

__all__ = ["DATASET_STEM", "Delivery", "TakenUp", "deliver", "take_up", "write_whole"]

REJECTS = "rejects.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """The job that stands for an order, and whether it was there before."""

    job: Job
    is_continued: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What lies in the folder at the end."""

    report: JobReport
    pace: Pace
    exports: Sequence[ExportedAs]
    rejects: RejectList | None
    summary: Path


async def take_up(request: JobRequest, ports: JobPorts, follower: Follower, *, chance: random.Random) -> TakenUp:
    """The folder's job, made new or continued. Raises what `create_job` and `continue_job` raise."""
    job = await last_job(ports)
    if job is None:
        return TakenUp(job=await create_job(request, ports, chance=chance), is_continued=False)
    refuse_changes(find_changes(job, request, ports))
    if job.status is JobStatus.STOPPING:
        # A run that was killed left it so: let a worker settle what it had paid for before the job goes on.
        job = (await follower.follow(job.id, 1)).job
    return TakenUp(job=await continue_job(job, request, ports), is_continued=True)


async def deliver(
    report: JobReport, ports: JobPorts, *, folder: Path, orders: Sequence[ExportOrder], pace: Pace
) -> Delivery:
    """Write the exports, the list of rejects if there are any, then `summary.json`, each whole or not at all.

    Raises UnfitRecordError for a format that a record does not fit, once all else is written.
    """
    exports: list[ExportedAs] = []
    unfit: list[UnfitRecordError] = []
    for order in orders:
        try:
            exports += await export_job(ports, report.job, order, folder / default_name(order.format))
        except UnfitRecordError as error:
            unfit.append(error)
    rejects = await _list_rejects(report.job, ports, folder / REJECTS)
    summary = summary_json(report, pace, exports, folder)
    path = folder / "summary.json"
    write_whole(path, orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if unfit:
        raise UnfitRecordError(f"{unfit[0]} All else is in {folder}; correct the `export` key and run again.")
    return Delivery(report=report, pace=pace, exports=exports, rejects=rejects, summary=path)


async def _list_rejects(job: Job, ports: JobPorts, path: Path) -> RejectList | None:
    rows = read_rejects(ports.blobs, job.id, await ports.store.read_manifest(job.id))
    return await list_rejects(rows, path, attempt_limit=job.attempt_limit)


def write_whole(path: Path, content: bytes) -> None:
    """Put the file in place in one step: readers see the old one or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
