"""`gristmill export`: a job's records as a file, whatever ended it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gristmill.cli.job_store import open_jobs
from gristmill.cli.options import read_template
from gristmill.cli.terminal import count, say
from gristmill.datasets import parse_splits
from gristmill.domain.ids import JobId
from gristmill.errors import BadInputError, NotFoundError
from gristmill.jobs.export import (
    AnyFormat,
    ExportOrder,
    default_name,
    export_job,
    parse_formats,
    recipe_for_export,
    refuse_unmapped,
)
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.resume import last_job


async def export(
    source: str,
    /,
    *,
    fmt: Annotated[str, Parameter(name="--format")],
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    splits: str | None = None,
    template: Path | None = None,
    lineage: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    dir: Path | None = None,  # noqa: A002 - the option's name
) -> None:
    """Write a job's records in a format, whole or not at all; a running job's as they stand now.

    Example: gristmill export out --format huggingface --splits train=0.9,test=0.1

    Parameters
    ----------
    source
        The folder of a run, or a job's id.
    fmt
        jsonl, csv, parquet, openai-chat, sharegpt, alpaca, dpo or huggingface; several with commas between.
    out
        The file to write (huggingface: the folder), or a folder for all; the job's own folder when left out.
    splits
        Splits and their shares, such as train=0.9,test=0.1: a file for each, or one huggingface folder.
    template
        The job's template with another `export` key to go by.
    lineage
        Add a column that says how each record came about.
    dir
        The folder whose job is meant, when an id is given.
    """
    formats = parse_formats(fmt)
    shares = parse_splits(splits) if splits else None
    is_folder = _is_folder(source)
    folder = Path(source) if is_folder else dir
    async with open_jobs(folder) as ports:
        job = await ports.store.read_job(await _last(ports, source) if is_folder else JobId(source))
        recipe = recipe_for_export(job, read_template(template) if template else None)
        refuse_unmapped(recipe, formats, lineage=lineage)
        written = [
            export
            for one, target in _targets(formats, out, folder or Path()).items()
            for export in await export_job(
                ports, job, ExportOrder(format=one, recipe=recipe, shares=shares, lineage=lineage), target
            )
        ]
    for export in written:
        say(f"{export.file.path}  {count(export.file.records, 'record')}")


def _targets(formats: Sequence[AnyFormat], out: Path | None, folder: Path) -> Mapping[AnyFormat, Path]:
    """Where each format goes: `out` itself when it is the place of one, else its own name in the folder."""
    if out is None:
        return {fmt: folder / default_name(fmt) for fmt in formats}
    if len(formats) == 1 and (formats[0] == "huggingface" or not out.is_dir()):
        return {formats[0]: out}
    if out.is_file():
        raise BadInputError(f"{out} is a file, and {len(formats)} formats need a folder. Choose another --out.")
    return {fmt: out / default_name(fmt) for fmt in formats}


def _is_folder(source: str) -> bool:
    return Path(source).is_dir()


async def _last(ports: JobPorts, source: str) -> JobId:
    job = await last_job(ports)
    if job is None:
        raise NotFoundError(f"No job lies in {source}.")
    return job.id
