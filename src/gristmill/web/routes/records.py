"""The records of a job as a table that is looked through, filtered and marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.datastructures import QueryParams

from gristmill.domain.job import Job
from gristmill.domain.mark import Opinion
from gristmill.errors import BadInputError, GristmillError
from gristmill.jobs.cursors import read_cursor
from gristmill.jobs.marks import LONGEST_NOTE, MOST_SLOTS, mark_records
from gristmill.jobs.records import CURSOR, LONGEST_TEXT, LOOK_SECONDS, RecordPage, list_records
from gristmill.jobs.report import read_report
from gristmill.server.statuses import status_of
from gristmill.web.owned import OwnJob
from gristmill.web.page import go_to, is_part, render
from gristmill.web.records.view import MOST_COLUMNS, RecordTable, RecordView, Shape, is_plain, read_view
from gristmill.web.visitor import Visitor

router = APIRouter()

# A page is there at once when its rows are few; whoever loads more wants to look through them.
PAGE: Final = 25
ADDED: Final = 100
# Who looks further waits longer: a search through a million records begins anew only a few times.
FURTHER_SECONDS: Final = 2.0

# What a button of a form stands for.
MARKS: Final[Mapping[str, Opinion | None]] = {"good": "good", "bad": "bad", "clear": None}

Column = Annotated[str, Query(max_length=LONGEST_TEXT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """Marks that somebody wanted to give, and why they were not taken; nothing at first."""

    slots: frozenset[int] = frozenset()
    note: str = ""
    wrong: str = ""


@router.get("/jobs/{id}/records")
async def show_records(
    request: Request,
    caller: Visitor,
    job: OwnJob,
    column: Annotated[Sequence[Column], Query(max_length=MOST_COLUMNS)] = (),
    scored: bool | None = None,  # noqa: FBT001
) -> Response:
    """A page of records. `column` and `scored` say how the rows stand that are to go on from those of another page."""
    view = read_view(request.query_params)
    if not is_part(request) and not is_plain(request.query_params):
        return go_to(address_of(job, view))
    shape = None if scored is None else Shape(columns=column, has_scores=scored)
    page = await _render(request, caller, job, view, shape=shape)
    if not view.cursor:
        # What is asked for while somebody types is what the address says then.
        page.headers["HX-Replace-Url"] = address_of(job, view)
    return page


@router.post("/jobs/{id}/marks")
async def mark(  # noqa: PLR0917 - parts of the form
    request: Request,
    caller: Visitor,
    job: OwnJob,
    slots: Annotated[Sequence[Annotated[int, Query(ge=0, le=2**31 - 1)]], Form(max_length=MOST_SLOTS)] = (),
    opinion: Annotated[str, Form(alias="mark", max_length=10)] = "",
    note: Annotated[str, Form(max_length=LONGEST_NOTE * 4)] = "",
    view: Annotated[str, Form(max_length=8_000)] = "",
) -> Response:
    """Mark records as good or bad, or take their marks away, and lead back to where that was done."""
    back = read_view(QueryParams(view))
    try:
        if not slots or opinion not in MARKS:
            raise BadInputError("Choose the records first: nothing was marked.")
        await mark_records(caller.service.browse_ports, job.id, slots, MARKS[opinion], note.strip())
    except GristmillError as error:
        wrong = Marking(slots=frozenset(slots), note=note, wrong=str(error))
        return await _render(request, caller, job, back, marking=wrong, status=status_of(error))
    return Response(status_code=204) if is_part(request) else go_to(address_of(job, back), "marked")


def address_of(job: Job, view: RecordView) -> str:
    """The page of a job's records under these filters."""
    return f"/jobs/{job.id}/records" + (f"?{view.address}" if view.address else "")


async def _render(
    request: Request,
    caller: Visitor,
    job: Job,
    view: RecordView,
    *,
    shape: Shape | None = None,
    marking: Marking | None = None,
    status: int = 200,
) -> Response:
    service = caller.service
    wrong = dict(view.wrong)
    limit = PAGE if shape is None else ADDED
    page = RecordPage(items=(), next_cursor=None)
    if not wrong:
        try:
            seconds = FURTHER_SECONDS if view.cursor else LOOK_SECONDS
            page = await list_records(
                service.browse_ports, job.id, view.query, limit=limit, cursor=view.begins_at, seconds=seconds
            )
        except BadInputError as error:
            wrong["view"] = str(error)
    report = await read_report(service.store, service.clock, job.id)
    table = RecordTable.of(page.items, shape)
    return render(
        request,
        "records/list.html",
        status=422 if wrong else status,
        report=report,
        reasons=sorted(report.totals.rejects.items(), key=lambda group: (-group[1], group[0])),
        view=view,
        wrong=wrong,
        table=table,
        rest=_rest_of(job, view, page, table.shape, is_short=len(page.items) < limit) if page.next_cursor else None,
        marking=marking or Marking(),
        is_added=shape is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Where a list goes on: as a page, as rows for the table that is there, and behind which slot."""

    page: str
    rows: str
    slot: int
    is_short: bool


def _rest_of(job: Job, view: RecordView, page: RecordPage, shape: Shape, *, is_short: bool) -> Rest:
    cursor = page.next_cursor or ""
    more = address_of(job, replace(view, cursor=cursor))
    under = urlencode(
        [*(("column", name) for name in shape.columns), ("scored", str(shape.has_scores).lower())], errors="replace"
    )
    slot, _ = read_cursor(CURSOR, cursor, int, int)
    return Rest(page=more, rows=f"{more}&{under}", slot=int(slot), is_short=is_short)
