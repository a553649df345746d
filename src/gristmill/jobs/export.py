"""The records of a job as a file, whatever ended it or whether anything has."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gristmill.datasets import Format, export_records, read_records
from gristmill.domain.job import Job
from gristmill.errors import BadInputError
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.summary import ExportedAs
from gristmill.recipes import compile_template

FORMATS: tuple[Format, ...] = get_args(Format)


def parse_formats(text: str) -> Sequence[Format]:
    """Formats written as `jsonl,csv`. Raises BadInputError for one that is not known."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    known = [name for name in FORMATS if name in names]
    if not names or len(known) != len(set(names)):
        wrong = sorted(set(names) - set(FORMATS)) or [text]
        raise BadInputError(f"There is no format {wrong[0]!r}: use {', '.join(FORMATS)}, several with commas between.")
    return known


async def export_job(ports: JobPorts, job: Job, fmt: Format, path: Path, *, lineage: bool = False) -> ExportedAs:
    """Write the standing records in the order of their slots to `path`, whole or not at all."""
    manifest = await ports.store.read_manifest(job.id)
    fields = compile_template(job.order.template).record_fields
    rows = read_records(ports.blobs, job.id, manifest, lineage=lineage)
    return ExportedAs(format=fmt, file=await export_records(rows, fmt, path, fields=fields, lineage=lineage))
