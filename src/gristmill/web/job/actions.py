"""What can be done to a job as it stands: a page offers nothing that would be refused."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final, Literal, TypeAlias

from gristmill.domain.job import JobStatus
from gristmill.jobs.report import JobReport

Action: TypeAlias = Literal["pause", "resume", "cancel", "top-up", "extend", "retry-rejects", "clone", "delete"]

# What was asked for in numbers that its user chose; other kinds are made by another page for its own use.
ORDERED: Final = frozenset({"dataset", "pilot"})
# Nothing is left to be made, so nothing would come of it.
WHOLE: Final = frozenset({JobStatus.COMPLETED, JobStatus.SHORT})


def actions_of(report: JobReport) -> AbstractSet[Action]:
    """The actions that this job allows now."""
    return frozenset(_allowed(report))


def _allowed(report: JobReport) -> Iterator[Action]:
    job = report.job
    if job.is_active:
        yield from ("pause", "cancel")
    if job.has_ended:
        yield "delete"
        if report.totals.short:
            yield "retry-rejects"
    # One that used up its budget needs more of it first.
    if job.has_ended and job.status not in {*WHOLE, JobStatus.BUDGET_EXHAUSTED}:
        yield "resume"
    if job.status is not JobStatus.STOPPING and job.kind in ORDERED:
        yield "extend"
        if job.budget:
            yield "top-up"
    if job.kind in ORDERED:
        yield "clone"
