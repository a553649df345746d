"""What the page of a job shows, read anew or read on from what was shown before."""

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from gristmill.datasets import read_example, read_newest
from gristmill.domain.completion import ModelName
from gristmill.domain.event import Event
from gristmill.domain.export import Export
from gristmill.domain.ids import JobId
from gristmill.domain.record import Row
from gristmill.domain.worker import SILENT, WorkerReport
from gristmill.errors import NotFoundError
from gristmill.jobs.course import Course, Rate, read_course, recent_rate
from gristmill.jobs.report import JobReport, read_report
from gristmill.wiring.service import Service

NEWEST: Final = 5
# A page shows the reasons that weigh most; the rest is found among the records.
MOST_REASONS: Final = 8
MOST_EVENTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why attempts were rejected: how many, and what was said of the first that can be shown."""

    name: str
    count: int
    example: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it stands, how it got there, who works on it, and the last it brought.

    `examples` are the first rejects of reasons that were looked for already, None where none can be shown.
    """

    report: JobReport
    course: Course = field(default_factory=Course)
    workers: Sequence[WorkerReport] = ()
    newest: Sequence[Row] = ()
    examples: Mapping[str, Row | None] = field(default_factory=dict)
    events: Sequence[Event] = ()
    exports: Sequence[Export] = ()

    @property
    def rate(self) -> Rate | None:
        """How fast records come now."""
        return recent_rate(self.course, self.report)

    @property
    def seconds_left(self) -> float | None:
        """How long it takes at the present rate; None where nothing comes."""
        rate = self.rate
        return self.report.missing / rate.records_per_second if rate and rate.records_per_second else None

    @property
    def reasons(self) -> Sequence[Reason]:
        """The reasons that attempts were rejected for, most frequent first."""
        return [
            Reason(name=name, count=count, example=self.examples.get(name)) for name, count in rank_reasons(self.report)
        ]

    @property
    def windows(self) -> Mapping[ModelName, int]:
        """How many calls to each of the job's models may be in flight now, over the workers at the job."""
        return {
            model: sum(worker.gauges.windows.get(model, 0) for worker in self.workers)
            for model in sorted(self.report.job.order.models)
            if any(model in worker.gauges.windows for worker in self.workers)
        }


def rank_reasons(report: JobReport) -> Sequence[tuple[str, int]]:
    """The reasons that weigh most, with their numbers."""
    return sorted(report.totals.rejects.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]


async def read_view(service: Service, job: JobId) -> JobView:
    """Everything that the page of a job shows. Raises NotFoundError."""
    report = await read_report(service.store, service.clock, job)
    view = JobView(report=report, events=await _read_events(service, job))
    return await read_on(service, view)


async def read_on(service: Service, view: JobView) -> JobView:
    """The same with what was committed since, and with who works on it now; its report and events stay."""
    report = view.report
    course = await read_course(service.store, report.job.id, view.course)
    newest = view.newest if course.newest == view.course.newest else await _read_newest(service, report.job.id, course)
    return replace(
        view,
        course=course,
        workers=await _read_workers(service, report),
        newest=newest,
        examples=await _read_examples(service, view, course),
        exports=await service.store.list_exports(report.job.id),
    )


async def _read_events(service: Service, job: JobId) -> Sequence[Event]:
    told, after = deque[Event](maxlen=MOST_EVENTS), 0
    while events := await service.store.read_events(job, after=after):
        told.extend(events)
        after = events[-1].sequence
    return tuple(told)


async def _read_workers(service: Service, report: JobReport) -> Sequence[WorkerReport]:
    if report.job.has_ended:
        return ()
    live = await service.store.list_workers(report.at - SILENT)
    # Workers serve everybody: a user is told of those that make their records.
    return [worker for worker in live if worker.gauges.making.get(report.job.id)]


async def _read_newest(service: Service, job: JobId, course: Course) -> Sequence[Row]:
    if course.newest is None:
        return ()
    with suppress(NotFoundError):
        return await read_newest(service.blobs, job, course.newest, NEWEST)
    return ()


async def _read_examples(service: Service, view: JobView, course: Course) -> Mapping[str, Row | None]:
    examples, job = dict(view.examples), view.report.job.id
    for reason, _ in rank_reasons(view.report):
        # Of what sifting withdrew there is no segment of rejects.
        if reason in course.firsts and reason not in examples:
            examples[reason] = None
            with suppress(NotFoundError):
                examples[reason] = await read_example(service.blobs, job, course.firsts[reason], reason)
    return examples
