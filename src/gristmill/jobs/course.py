"""How a job got where it is: what its commits added up to as time went by, in bounded memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gristmill.domain.ids import JobId
from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.segment import Commit, Segment
from gristmill.jobs.report import JobReport
from gristmill.ports.history import HistoryStore

# So many moments tell the course of any job: when there are more, every second one goes.
MOST_MOMENTS = 400
# Reasons are a template's own words, so there may be many: of those that come after so many no first one is kept.
MOST_REASONS = 100
PAGE = 1_000
# How far back a rate looks, so that it is of now and yet of more than one commit.
RECENT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was committed until then: records accepted, attempts rejected, money spent."""

    at: datetime
    accepted: int = 0
    rejected: int = 0
    spent: NanoUsd = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The course of a job through the commit with this sequence; a rest of it can be read on.

    `newest` is the last segment that holds a record; `firsts` are the first segments that hold a reject of each reason.
    """

    sequence: int = 0
    moments: Sequence[Moment] = ()
    newest: Segment | None = None
    firsts: Mapping[str, Segment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Records accepted in a second, over the last so many seconds."""

    records_per_second: float
    seconds: float


async def read_course(store: HistoryStore, job: JobId, known: Course | None = None) -> Course:
    """The course of a job until now, going on from what is known of it."""
    course = known or Course()
    while commits := await store.list_commits(job, after=course.sequence, limit=PAGE):
        course = _go_on(course, commits)
    return course


def recent_rate(course: Course, report: JobReport) -> Rate | None:
    """How fast records come now; None before two moments can be compared, and for a job that makes none."""
    started = report.job.started_at
    if started is None or not report.job.is_active or not course.moments:
        return None
    # Thinned out, moments may lie far apart: then the rate is of a longer time, and says so.
    before = [moment for moment in (Moment(at=started), *course.moments) if moment.at <= report.at - RECENT]
    first = before[-1] if before else Moment(at=started)
    seconds = (report.at - first.at).total_seconds()
    if seconds <= 0:
        return None
    return Rate(records_per_second=(course.moments[-1].accepted - first.accepted) / seconds, seconds=seconds)


def _go_on(course: Course, commits: Sequence[Commit]) -> Course:
    moments, firsts, newest = list(course.moments), dict(course.firsts), course.newest
    for commit in commits:
        segment = commit.segment
        moments.append(_after(moments[-1] if moments else Moment(at=commit.at), commit))
        newest = segment if segment.accepted else newest
        for reason in segment.rejects:
            if reason in firsts or len(firsts) < MOST_REASONS:
                firsts.setdefault(reason, segment)
        if len(moments) > 2 * MOST_MOMENTS:
            moments = _thin(moments)
    return replace(course, sequence=commits[-1].sequence, moments=tuple(moments), newest=newest, firsts=firsts)


def _after(before: Moment, commit: Commit) -> Moment:
    segment = commit.segment
    return Moment(
        at=commit.at,
        accepted=before.accepted + segment.accepted,
        rejected=before.rejected + segment.rejected,
        spent=NanoUsd(before.spent + segment.spent.total),
    )


def _thin(moments: list[Moment]) -> list[Moment]:
    # Sums lose nothing when one of them goes; the last says how things stand.
    return [moment for place, moment in enumerate(moments) if place % 2 == (len(moments) - 1) % 2]
