"""Pausing, resuming, cancelling and topping up: a user's hand on a running job."""

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.errors import WrongStateError
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


async def _stop(store: Store, job: JobId, reason: StopReason) -> Job:
    row = await store.read_job(job)
    if row.has_ended:
        raise WrongStateError(f"Job {job} has ended: it is {row.status}.")
    await store.stop_job(job, reason)
    # Nobody may be working on it: then this is what ends it.
    await store.finish_job(job)
    return await store.read_job(job)
