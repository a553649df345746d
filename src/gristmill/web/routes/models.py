"""What a user says of models: aliases, endpoints of their own, and whether one answers."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response

from gristmill.accounts import models as user_models
from gristmill.domain.account import SOLE
from gristmill.domain.completion import ModelName
from gristmill.domain.json import JsonObject
from gristmill.domain.user_models import UserModels
from gristmill.errors import BadInputError, GristmillError, UnknownPriceError
from gristmill.jobs.models import list_models
from gristmill.jobs.trial import TEST_PROMPT
from gristmill.ports.models import Prices
from gristmill.server.asking import QUESTION_BUDGET, ask_model
from gristmill.server.caller import Caller
from gristmill.server.statuses import status_of
from gristmill.server.trials import Tried
from gristmill.web.model_rows import ModelsForm, read_rows, rows_of
from gristmill.web.page import go_to, is_part, render
from gristmill.web.visitor import Visitor
from gristmill.wiring.user_models import aliases_for_owner

router = APIRouter(prefix="/settings/models")

WAIT_SECONDS: Final = 30.0


@router.get("")
async def show_models(request: Request, caller: Visitor) -> Response:
    """Aliases, models of one's own, and all that can be named with its price."""
    return await _page(request, caller)


@router.post("")
async def set_models(request: Request, caller: Visitor) -> Response:
    """Replace aliases and models. A model keeps its key while its address stays, unless another is given."""
    items = (await request.form()).multi_items()
    form = ModelsForm()
    try:
        form = read_rows(items)
        await user_models.set_models(caller.principal, form.wanted, form.keys, caller.origin, caller.service.accounts)
    except GristmillError as error:
        return await _page(request, caller, form=form, error=error)
    return go_to("/settings/models", "models-saved")


@router.post("/test")
async def try_model(request: Request, caller: Visitor, model: Annotated[str, Form(max_length=256)] = "") -> Response:
    """Ask a model one short question, and show what it answered or why it did not."""
    name = model.strip()
    asked: JsonObject = {"model": name}
    try:
        answer = await ask_model(name, caller, seconds=WAIT_SECONDS)
    except GristmillError as error:
        asked, status = {**asked, "problem": str(error)}, status_of(error)
    else:
        asked, status = {**asked, **_answer_json(answer)}, 200
    if is_part(request):
        return render(request, "settings/answer.html", asked=asked)
    return await _page(request, caller, asked=asked, status=status)


async def _page(
    request: Request,
    caller: Caller,
    *,
    form: ModelsForm | None = None,
    error: GristmillError | None = None,
    asked: JsonObject | None = None,
    status: int = 200,
) -> Response:
    service = caller.service
    stand_for, prices = await service.aliases(caller.user), await service.prices(caller.user)
    kept = await user_models.read_models(caller.principal, service.accounts)
    usual = aliases_for_owner(service.settings, UserModels())
    return render(
        request,
        "settings/models.html",
        status=status_of(error) if error else status,
        is_sole=caller.user == SOLE.user,
        form=(form or rows_of(kept, stand_for, usual)).with_spare(),
        listed=list_models(stand_for, kept.models, prices),
        priceless={name for name in {*stand_for.values(), *kept.models} if _lacks_price(name, prices)},
        providers=service.providers,
        test_prompt=TEST_PROMPT,
        test_budget=QUESTION_BUDGET,
        usual=usual,
        kept=kept.models,
        wrong=str(error or ""),
        asked=asked,
    )


def _lacks_price(name: ModelName, prices: Prices) -> bool:
    try:
        prices.find_model(name)
    except UnknownPriceError:
        return True
    except BadInputError:
        return False
    return False


def _answer_json(answer: Tried) -> JsonObject:
    job = answer.report.job
    said: JsonObject = {"job": job.id, "status": job.status, "has_ended": job.has_ended, "problem": job.detail}
    if not answer.items:
        return said
    last: Any = answer.items[-1]
    calls = last["steps"]
    problem = "" if last["outcome"] == "accepted" else last["detail"] or job.detail
    return {**said, "call": calls[-1] if calls else None, "cost_usd": last["cost_usd"], "problem": problem}
