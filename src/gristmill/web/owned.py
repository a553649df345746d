"""What a visitor's address names, if it is theirs: whatever is another's is not there."""

from typing import Annotated

from fastapi import Depends, Path

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.jobs.control import find_job
from gristmill.web.visitor import Visitor

JobPath = Annotated[str, Path(alias="id", max_length=64)]


async def owned_job(caller: Visitor, job: JobPath) -> Job:
    """The visitor's own job. Raises NotFoundError."""
    return await find_job(caller.service.store, caller.user, JobId(job))


OwnJob = Annotated[Job, Depends(owned_job)]
