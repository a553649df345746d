"""Rows that a model makes by a template, within a budget: the form that orders them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request, Response

from gristmill.domain.ids import JobId
from gristmill.errors import BadInputError, BudgetRequiredError, BudgetTooSmallError, GristmillError, NotFoundError
from gristmill.server.caller import Caller
from gristmill.server.seeds import order_rows
from gristmill.server.statuses import status_of
from gristmill.web.order.choices import Chosen, read_chosen, read_lists
from gristmill.web.order.form import OrderForm, job_of, read_form, with_once
from gristmill.web.order.outlook import lacks_of, order_of
from gristmill.web.page import go_to, render
from gristmill.web.typed import read_whole
from gristmill.web.visitor import Visitor

router = APIRouter(prefix="/seeds/generate")

MOST_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why the form was not taken: sentences by field, or an error that is about all of it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    error: GristmillError | None = None

    @property
    def status(self) -> int:
        """The status of the page that says so."""
        return 422 if self.error is None else status_of(self.error)


@router.get("")
async def show_form(request: Request, caller: Visitor) -> Response:
    """The form: first a template, then what it needs. What the address says is filled in."""
    return await _page(request, caller, read_form(request.query_params.multi_items()))


@router.post("")
async def generate_seeds(request: Request, caller: Visitor) -> Response:
    """Order the rows, and lead to the job that makes them; a form that was sent already leads to the same job."""
    form = read_form((await request.form()).multi_items())
    chosen = await read_chosen(form, caller)
    if (lacks := _lacks(form, chosen)) or chosen.problem:
        return await _page(request, caller, form, Refused(fields=lacks))
    try:
        job = await _order(form, chosen, caller)
    except NotFoundError:
        raise
    except (BudgetRequiredError, BudgetTooSmallError) as error:
        return await _page(request, caller, form, Refused(fields={"budget": str(error)}))
    except GristmillError as error:
        return await _page(request, caller, form, Refused(error=error))
    return go_to(f"/jobs/{job}", "job-created")


async def _order(form: OrderForm, chosen: Chosen, caller: Caller) -> JobId:
    job = await order_rows(order_of(form, chosen), caller, job=job_of(form, "seeds", caller.user))
    return job.id


def _lacks(form: OrderForm, chosen: Chosen) -> dict[str, str]:
    lacks = lacks_of(form, chosen)
    try:
        read_whole(form.records, least=1, most=MOST_ROWS)
    except BadInputError as error:
        lacks["records"] = str(error)
    return lacks


async def _page(request: Request, caller: Caller, form: OrderForm, refused: Refused | None = None) -> Response:
    form = with_once(form, caller.service.clock.now())
    chosen = await read_chosen(form, caller)
    return render(
        request,
        "seeds/generate.html",
        status=refused.status if refused else 200,
        form=form,
        chosen=chosen,
        lists=await read_lists(form, chosen, caller),
        refused=refused or Refused(),
        most_rows=MOST_ROWS,
    )
