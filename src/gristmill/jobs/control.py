"""Pausing, resuming, cancelling and topping up: a user's hand on a running job."""

from gristmill.datasets import read_standing_slots
from gristmill.domain.ids import JobId, ShardNumber, Slot, UserId
from gristmill.domain.job import Job, JobStatus, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.domain.sharding import plan_shards
from gristmill.errors import NotFoundError, WrongStateError
from gristmill.jobs.leftovers import remove_files
from gristmill.ports.blobs import Blobs
from gristmill.ports.store import Store


async def pause(store: Store, job: JobId) -> Job:
    """Stop the job so that it can be resumed; calls in flight finish and are kept."""
    return await _stop(store, job, StopReason.PAUSED)


async def cancel(store: Store, job: JobId) -> Job:
    """Stop the job; what was made stays and can be exported."""
    return await _stop(store, job, StopReason.CANCELLED)


async def resume(store: Store, job: JobId) -> Job:
    """Queue a paused or ended job again. Raises WrongStateError for one that is stopping."""
    return await store.resume_job(job)


async def top_up(store: Store, job: JobId, budget: NanoUsd) -> Job:
    """Set the budget to `budget`, what is spent included. Raises BudgetTooSmallError below what is granted."""
    return await store.set_budget(job, budget)


async def top_up_and_go_on(store: Store, job: JobId, budget: NanoUsd) -> Job:
    """Set the budget, and queue the job again if it had ended for want of one."""
    topped = await top_up(store, job, budget)
    return await resume(store, job) if topped.status is JobStatus.BUDGET_EXHAUSTED else topped


async def extend(store: Store, job_id: JobId, records: int) -> Job:
    """Let the job make `records` records in all, and queue it again if it had ended.

    Raises WrongStateError when it has as many already, or is stopping.
    """
    job, shards = await store.read_job(job_id), await store.list_shards(job_id)
    more = plan_shards(job_id, first_slot=job.records, records=records, first_number=len(shards))
    await store.extend_job(job_id, records, more)
    return await resume(store, job_id)


async def retry_rejects(store: Store, blobs: Blobs, job: JobId) -> Job:
    """Give every slot of an ended job that was given up another round of attempts, with draws of its own.

    What was rejected stays readable. Raises WrongStateError when nothing was given up, or the job has not ended.
    """
    manifest = await store.read_manifest(job)
    short: dict[ShardNumber, list[Slot]] = {}
    for shard in await store.list_shards(job):
        if shard.short:
            standing = await read_standing_slots(blobs, job, manifest, shard.number)
            short[shard.number] = [slot for slot in shard.done if slot not in standing]
    return await store.retry_rejects(job, short)


async def delete(store: Store, blobs: Blobs, job: JobId) -> None:
    """Remove an ended job with all its files; its owner's spending stays what it was. Raises WrongStateError."""
    await store.delete_job(job)
    await remove_files(blobs, job)


async def find_job(store: Store, owner: UserId, job_id: JobId) -> Job:
    """The owner's job. Raises NotFoundError also for another's: whether there is one is nobody's business."""
    job = await store.read_job(job_id)
    if job.owner != owner:
        raise NotFoundError(f"There is no job {job_id}.")
    return job


async def _stop(store: Store, job: JobId, reason: StopReason) -> Job:
    row = await store.read_job(job)
    if row.has_ended:
        raise WrongStateError(f"Job {job} has ended: it is {row.status}.")
    await store.stop_job(job, reason)
    # Nobody may be working on it: then this is what ends it.
    await store.finish_job(job)
    return await store.read_job(job)
