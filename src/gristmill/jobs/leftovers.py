"""Files of deleted jobs: whoever deleted one may have died before its files were gone."""

from gristmill.domain.ids import JobId
from gristmill.ports.blobs import Blobs
from gristmill.ports.tidying import LeftoverStore

FOLDER = "jobs/"


async def tidy_deleted(store: LeftoverStore, blobs: Blobs) -> int:
    """Delete the files of jobs that were deleted, and forget their exports; how many files there were.

    Again, or by two at once: the same. Files of a job that the store does not know stay: it may be about to exist.
    """
    jobs = {JobId(name.removeprefix(FOLDER).partition("/")[0]) async for name in blobs.list(FOLDER)}
    count = 0
    for job in await store.list_deleted_jobs(jobs):
        count += await remove_files(blobs, job)
    await store.drop_exports()
    return count


async def remove_files(blobs: Blobs, job: JobId) -> int:
    """Delete every file of a job; how many there were."""
    names = [name async for name in blobs.list(f"{FOLDER}{job}/")]
    for name in names:
        await blobs.delete(name)
    return len(names)
