"""A job that ended gets an index, and loses those of other manifests."""

from gristmill.datasets.index import index_folder, index_name, write_index
from gristmill.domain.ids import JobId
from gristmill.ports.blobs import Blobs
from gristmill.ports.store import Store


async def compact_job(store: Store, blobs: Blobs, job: JobId) -> bool:
    """Make the index of a job that ended unless there is one; whether one was made. Then stale ones are deleted.

    A million records take half a minute, and the memory of a few shards. It may run twice at once and be killed at any
    time; a job that runs is left alone. Raises NotFoundError, StoreBusyError and StorageFullError.
    """
    if not (await store.read_job(job)).has_ended:
        return False
    manifest = await store.read_manifest(job)
    name = index_name(job, manifest)
    if await blobs.exists(name):
        return False
    await write_index(blobs, job, manifest)
    await _delete_stale(blobs, job, name)
    return True


async def _delete_stale(blobs: Blobs, job: JobId, name: str) -> None:
    stale = [other async for other in blobs.list(index_folder(job)) if not other.startswith(name)]
    for other in stale:
        await blobs.delete(other)
