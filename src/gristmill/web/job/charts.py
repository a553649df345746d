"""The course of a job as charts, each with the same numbers as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gristmill.domain.json import JsonObject
from gristmill.domain.money import NANO, NanoUsd
from gristmill.jobs.course import Course, Moment
from gristmill.jobs.report import JobReport

# More points than a screen has room for tell nothing; a table has fewer rows.
POINTS: Final = 200
ROWS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """`records` and `money` are what `data-chart` holds, None where there is nothing to draw; `rows` tell both."""

    records: JsonObject | None
    money: JsonObject | None
    rows: Sequence[Moment]


def draw_course(course: Course, report: JobReport) -> Charts:
    """The charts of a job as it stands: what was committed, and last what is reported now."""
    if not course.moments:
        return Charts(records=None, money=None, rows=())
    start = report.job.started_at or course.moments[0].at
    moments = [Moment(at=start), *course.moments, _now(report)]
    shown = _pick(moments, POINTS)
    return Charts(records=_records(shown, report), money=_money(shown, report), rows=_pick(moments, ROWS)[::-1])


def _now(report: JobReport) -> Moment:
    totals = report.totals
    return Moment(
        at=report.job.finished_at or report.at,
        accepted=totals.accepted,
        rejected=totals.rejected,
        # Lost money is in no segment, and yet it is gone.
        spent=NanoUsd(totals.spent.total + totals.lost),
    )


def _records(moments: Sequence[Moment], report: JobReport) -> JsonObject:
    return {
        "kind": "line",
        "stacked": False,
        "x": _times(moments),
        "series": [
            {"name": "Accepted", "values": [moment.accepted for moment in moments]},
            {"name": "Rejected attempts", "values": [moment.rejected for moment in moments]},
        ],
        "unit": "records",
        "limit": report.job.records,
    }


def _money(moments: Sequence[Moment], report: JobReport) -> JsonObject | None:
    if not moments[-1].spent:
        return None
    return {
        "kind": "line",
        "stacked": False,
        "x": _times(moments),
        "series": [{"name": "Spent", "values": [_dollars(moment.spent) for moment in moments]}],
        "unit": "usd",
        "limit": _dollars(report.job.budget) or None,
    }


def _times(moments: Sequence[Moment]) -> list[float]:
    return [round(moment.at.timestamp(), 1) for moment in moments]


def _dollars(amount: NanoUsd) -> float:
    return float(Decimal(amount) / NANO)


def _pick(moments: Sequence[Moment], most: int) -> Sequence[Moment]:
    """So many of the moments, evenly, the first and the last among them."""
    if len(moments) <= most:
        return moments
    step = (len(moments) - 1) / (most - 1)
    return [moments[round(place * step)] for place in range(most)]
