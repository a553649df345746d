"""What the templates of a job's page know of it."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request

from gristmill.domain.completion import ModelName
from gristmill.domain.report import JobTotals
from gristmill.jobs.costs import Sums
from gristmill.jobs.report import report_json
from gristmill.web.formats import formats_of
from gristmill.web.job.actions import actions_of
from gristmill.web.job.charts import draw_course
from gristmill.web.job.timeline import tell_history
from gristmill.web.job.view import JobView

# What each part of the page is called that a stream may send anew.
HEAD: Final = "head"
NOW: Final = "now"
COURSE: Final = "course"


def page_values(request: Request, view: JobView, *, refusal: object | None = None) -> Mapping[str, Any]:
    """Everything: for the whole page, and for the part that takes most."""
    charts = draw_course(view.course, view.report)
    timeline = tell_history(view.events, view.exports, formats_of(request))
    return {**head_values(view, refusal=refusal), "charts": charts, "timeline": timeline}


def head_values(view: JobView, *, refusal: object | None = None) -> Mapping[str, Any]:
    """What is quickly said: for the head of the page, and for the numbers that change all the time."""
    report = view.report
    return {
        "view": view,
        "row": report.job,
        "totals": report.totals,
        "job": report_json(report),
        "now": report.at,
        "actions": actions_of(report),
        "refusal": refusal,
    }


def sum_by_model(totals: JobTotals) -> Mapping[ModelName, Sums]:
    """Calls, tokens and money of each model, over all days; the most expensive first."""
    sums: dict[ModelName, Sums] = {}
    for one in totals.sums:
        sums[one.model] = sums.get(one.model, Sums()) + one
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1].spent.total, pair[0])))
