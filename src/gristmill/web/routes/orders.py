"""The form of a new job, with an estimate that follows what is filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from gristmill.domain.ids import JobId
from gristmill.errors import BadInputError, Finding, GristmillError, NotFoundError
from gristmill.jobs.control import find_job
from gristmill.server.caller import Caller
from gristmill.server.controls import order_job
from gristmill.server.orders import find_seeds, request_of
from gristmill.server.statuses import status_of
from gristmill.web.order.choices import Chosen, read_chosen, read_lists
from gristmill.web.order.form import OrderForm, form_of, job_of, read_form, with_once
from gristmill.web.order.outlook import lacks_of, look_ahead, order_of
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor

router = APIRouter(prefix="/jobs/new")

# Where a refusal is said, if it is about one field.
FIELDS: Final[Mapping[str, str]] = {"budget_required": "budget", "budget_too_small": "budget", "invalid_seeds": "seeds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a form was not taken: sentences by field, and one above it all."""

    status: int = 422
    fields: Mapping[str, str] = field(default_factory=dict)
    top: str = ""
    findings: Sequence[Finding] = ()


@router.get("")
async def show_form(
    request: Request, caller: Visitor, clone: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    """The form, filled in with what the address says or with what a job was ordered by."""
    form = await _clone(JobId(clone), caller) if clone else read_form(request.query_params.multi_items())
    if not clone:
        # What somebody else's address names is not there; what a job was made from may be gone by now.
        await find_seeds({name: key for name, key in form.seeds.items() if key}, caller)
    return await _page(request, caller, form)


@router.post("")
async def order_records(request: Request, caller: Visitor) -> Response:
    """Make the job, or its pilot; a form that was sent already leads to the job it made."""
    sent = await request.form()
    form, do = read_form(sent.multi_items()), str(sent.get("do", "estimate"))
    if do not in {"start", "pilot"}:
        return await _page(request, caller, form)
    chosen = await read_chosen(form, caller)
    if (lacks := lacks_of(form, chosen)) or chosen.problem:
        return await _page(request, caller, form, Refused(fields=lacks))
    try:
        job = await _order(form, chosen, do, caller)
    except GristmillError as error:
        return await _page(request, caller, form, _refused(error))
    return go_to(f"/jobs/{job}", "job-created")


@router.post("/fields")
async def show_fields(request: Request, caller: Visitor) -> Response:
    """The fields that depend on the template."""
    form = read_form((await request.form()).multi_items())
    chosen = await read_chosen(form, caller)
    lists = await read_lists(form, chosen, caller)
    return render(request, "orders/refreshed.html", form=form, chosen=chosen, lists=lists, refused=Refused())


@router.post("/estimate")
async def show_estimate(request: Request, caller: Visitor) -> Response:
    """The estimate of the order as far as it is filled in."""
    form = read_form((await request.form()).multi_items())
    chosen = await read_chosen(form, caller)
    outlook = await look_ahead(form, chosen, caller)
    return render(request, "orders/estimated.html", form=form, chosen=chosen, outlook=outlook)


async def _page(request: Request, caller: Caller, form: OrderForm, refused: Refused | None = None) -> Response:
    form = with_once(form, caller.service.clock.now())
    chosen = await read_chosen(form, caller)
    return render(
        request,
        "orders/new.html",
        status=refused.status if refused else 200,
        form=form,
        chosen=chosen,
        lists=await read_lists(form, chosen, caller),
        outlook=await look_ahead(form, chosen, caller),
        refused=refused or Refused(),
    )


async def _order(form: OrderForm, chosen: Chosen, do: str, caller: Caller) -> JobId:
    job = job_of(form, do, caller.user)
    if job is not None and await _is_made(job, caller):
        return job
    wanted = await request_of(order_of(form, chosen, is_pilot=do == "pilot"), caller, job=job)
    return (await order_job(caller, wanted)).id


async def _is_made(job: JobId, caller: Caller) -> bool:
    try:
        await find_job(caller.service.store, caller.user, job)
    except NotFoundError:
        return False
    return True


async def _clone(job: JobId, caller: Caller) -> OrderForm:
    found = await find_job(caller.service.store, caller.user, job)
    if found.template is None:
        raise BadInputError(f"Job {job} was made from a template that is not kept here, so no form can name it.")
    return form_of(found)


def _refused(error: GristmillError) -> Refused:
    findings = error.findings if isinstance(error, BadInputError) else ()
    refused = Refused(status=status_of(error), findings=findings)
    words, where = str(error), FIELDS.get(error.code)
    return replace(refused, fields={where: words}) if where else replace(refused, top=words)
