"""Models: what you say of them, which can be called, and whether one answers."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gristmill.accounts import models as user_models
from gristmill.api.account_shapes import UserModelsIn, UserModelsShape, user_models_json
from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute, job_id_for
from gristmill.api.problems import problem_responses
from gristmill.api.service import Reader, Writer
from gristmill.api.shapes import In, JobShape, JsonRecord, Usd
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.jobs.models import list_models
from gristmill.jobs.report import report_json
from gristmill.server.asking import QUESTION_BUDGET, ask_model

router = APIRouter(tags=["settings"], route_class=IdempotentRoute)

WAIT_SECONDS = 30.0


class ListedModel(BaseModel):
    """A model that can be named in an order; prices are US dollars a million tokens."""

    model: str
    aliases: list[str]
    input_usd: str | None
    output_usd: str | None
    price_table: str | None
    context: int | None
    problem: str = Field(default="", description="Why it cannot be called, if it cannot.")


class ModelList(BaseModel):
    """What your aliases stand for, and the models you described."""

    items: list[ListedModel]
    providers: list[str]


class ModelTestIn(In):
    """Which model is asked, and for how much at most."""

    model: Annotated[str, Field(min_length=1, max_length=256, examples=["cheap"])]
    budget_usd: Usd | None = Field(default=None, description="0.05 when left out.")

    @property
    def budget(self) -> NanoUsd:
        """In nano-dollars."""
        return QUESTION_BUDGET if self.budget_usd is None else parse_usd(self.budget_usd)


class ModelTestShape(BaseModel):
    """What the model answered. The job goes on if it has not ended yet: look at it later."""

    job: JobShape
    items: list[JsonRecord]


@router.get(
    "/settings/models", response_model=UserModelsShape, responses=problem_responses(401, 403, takes_input=False)
)
async def show_model_settings(caller: Reader) -> JsonObject:
    """Your aliases, and the models you described; of a key only whether there is one."""
    return user_models_json(await user_models.read_models(caller.principal, caller.service.accounts))


@router.put("/settings/models", response_model=UserModelsShape, responses=problem_responses(401, 403))
async def set_model_settings(wanted: UserModelsIn, caller: Writer) -> JsonObject:
    """Replace your aliases and models. A model keeps its key while its address stays, unless another is given."""
    kept = await user_models.set_models(
        caller.principal, wanted.wanted, wanted.keys, caller.origin, caller.service.accounts
    )
    return user_models_json(kept)


@router.get("/models", response_model=ModelList, responses=problem_responses(401, 403))
async def show_models(caller: Reader) -> JsonObject:
    """The models you can name, with their prices."""
    aliases, prices = await caller.service.aliases(caller.user), await caller.service.prices(caller.user)
    own = await user_models.read_models(caller.principal, caller.service.accounts)
    items = list_models(aliases, own.models, prices)
    return {"items": items, "providers": list(caller.service.providers)}


@router.post("/models/test", response_model=ModelTestShape, responses=problem_responses(401, 403, 409))
async def try_model(which: ModelTestIn, caller: Writer, request: Request, _key: IdempotencyKey = None) -> JsonObject:
    """Ask a model one short question, as a job of its own; waits up to 30 seconds for the answer."""
    answer = await ask_model(which.model, caller, seconds=WAIT_SECONDS, budget=which.budget, job=job_id_for(request))
    return {"job": report_json(answer.report), "items": [*answer.items]}
