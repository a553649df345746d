"""What of a job may be seen now; a small job that ended gets its index while somebody waits for it."""

from gristmill.datasets import compact_job
from gristmill.datasets.index import index_name
from gristmill.domain.ids import JobId
from gristmill.jobs.ports import BrowsePorts
from gristmill.ports.index import Shown

# Rows of which an index is made in a tenth of a second.
QUICK_ROWS = 5_000


async def read_shown(ports: BrowsePorts, job: JobId) -> Shown:
    """The manifest and the shards of a job. Raises NotFoundError."""
    row = await ports.store.read_job(job)
    manifest = await ports.store.read_manifest(job)
    shards = await ports.store.list_shards(job)
    is_quick = row.has_ended and row.records <= QUICK_ROWS
    # Looked for here, with the manifest at hand: most of the time it is there.
    if is_quick and not await ports.blobs.exists(index_name(job, manifest)):
        await compact_job(ports.store, ports.blobs, job)
    return Shown(job=job, manifest=manifest, shards=shards)
