"""Seed sets that a job generated: each accepted record becomes a row."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from gristmill.adapters.sql import SqlStore
from gristmill.datasets import export_records, read_records
from gristmill.domain.job import Job
from gristmill.library.seeds import SeedFile, keep_file
from gristmill.ports.blobs import Blobs
from gristmill.recipes import compile_template


async def keep_generated(job: Job, store: SqlStore, blobs: Blobs) -> None:
    """Keep the job's records as a seed set of its owner, named like the job; again, or without any: nothing new."""
    rows = read_records(blobs, job.id, await store.read_manifest(job.id), lineage=False)
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        path = Path(folder) / "rows.jsonl"
        fields = compile_template(job.order.template).record_fields
        made = await export_records(rows, "jsonl", path, fields=fields, lineage=False)
        if made.records:
            file = SeedFile(path=path, name=f"{job.name}.jsonl", job=job.id)
            await keep_file(file, job.owner, store, blobs, now=datetime.now(UTC))
