"""The same order once more."""

from gristmill.domain.ids import JobId
from gristmill.domain.job import Job
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import stored_seeds
from gristmill.ports.blobs import Blobs


def clone_request(job: Job, blobs: Blobs, *, job_id: JobId | None = None) -> JobRequest:
    """A request for what the job was asked for, under an id of its own. Prices are those of today."""
    order = job.order
    return JobRequest(
        id=job_id,
        owner=job.owner,
        name=job.name,
        kept=job.template,
        kind=job.kind,
        template=order.template,
        records=job.records,
        seeds=stored_seeds(order.seeds, blobs),
        aliases=order.aliases,
        budget=job.budget or None,
        random_seed=order.random_seed,
        max_in_flight=order.max_in_flight,
        is_trusted=False,
        is_linted=True,
    )
