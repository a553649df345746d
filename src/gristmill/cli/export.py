"""`gristmill export`: a job's records as a file, whatever ended it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.job_store import open_jobs
from gristmill.cli.terminal import count, say
from gristmill.domain.ids import JobId
from gristmill.errors import BadInputError, NotFoundError
from gristmill.jobs.export import export_job, parse_formats
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.resume import last_job
from gristmill.jobs.run import DATASET_STEM


async def export(
    source: str,
    /,
    *,
    fmt: Annotated[str, Parameter(name="--format")],
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    lineage: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    dir: Path | None = None,  # noqa: A002 - the option's name
) -> None:
    """Write a job's records to a file, whole or not at all; a running job's as they stand now.

    Example: gristmill export out --format parquet --lineage

    Parameters
    ----------
    source
        The folder of a run, or a job's id.
    fmt
        jsonl, csv or parquet.
    out
        The file to write, or a folder for dataset.FORMAT; the job's own folder when left out.
    lineage
        Add a column that says how each record came about.
    dir
        The folder whose job is meant, when an id is given.
    """
    formats = parse_formats(fmt)
    if len(formats) > 1:
        raise BadInputError("Export one format at a time.")
    is_folder = _is_folder(source)
    folder = Path(source) if is_folder else dir
    async with open_jobs(folder) as ports:
        job = await ports.store.read_job(await _last(ports, source) if is_folder else JobId(source))
        target = out or folder or Path()
        if out is None or out.is_dir():
            target /= f"{DATASET_STEM}.{formats[0]}"
        written = await export_job(ports, job, formats[0], target, lineage=lineage)
    say(f"{target}  {count(written.file.records, 'record')}")


def _is_folder(source: str) -> bool:
    return Path(source).is_dir()


async def _last(ports: JobPorts, source: str) -> JobId:
    job = await last_job(ports)
    if job is None:
        raise NotFoundError(f"No job lies in {source}.")
    return job.id
