"""What a user does to a job from outside, each with its line in the audit log where money or records are at stake."""

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.domain.money import NanoUsd, show_usd
from gristmill.jobs import control
from gristmill.jobs.clone import clone_request
from gristmill.jobs.create import create_job
from gristmill.jobs.request import JobRequest
from gristmill.server.caller import Caller
from gristmill.wiring.chance import new_chance


async def order_job(caller: Caller, wanted: JobRequest) -> Job:
    """Create a job. Raises what `create_job` raises."""
    ports = await caller.service.job_ports(caller.user)
    job = await create_job(wanted, ports, chance=new_chance())
    await caller.note("job.created", job.id, records=job.records, budget_usd=show_usd(job.budget))
    return job


async def clone_job(caller: Caller, job: Job, *, job_id: JobId | None = None) -> Job:
    """Order the same once more, at the prices of today. Raises what `create_job` raises."""
    ports = await caller.service.job_ports(caller.user)
    made = await create_job(clone_request(job, ports.blobs, job_id=job_id), ports, chance=new_chance())
    await caller.note("job.created", made.id, clone_of=job.id, budget_usd=show_usd(made.budget))
    return made


async def top_up_job(caller: Caller, job: Job, budget: NanoUsd) -> None:
    """Set the budget; a job that had used up its own goes on. Raises BudgetTooSmallError and LimitReachedError."""
    await control.top_up_and_go_on(caller.service.store, job.id, budget)
    await caller.note("job.topped_up", job.id, budget_usd=show_usd(budget))


async def extend_job(caller: Caller, job: Job, records: int) -> None:
    """Let a job make so many records in all. Raises WrongStateError and LimitReachedError."""
    await control.extend(caller.service.store, job.id, records)
    await caller.note("job.extended", job.id, records=records)


async def delete_job(caller: Caller, job: Job) -> None:
    """Remove an ended job with its records and exports; what it cost still counts. Raises WrongStateError."""
    await control.delete(caller.service.store, caller.service.blobs, job.id)
    await caller.note("job.deleted", job.id)
