"""The first records of somebody who has nothing: a starter, its seeds, and a job that costs nothing, at one press."""

from typing import Final

from gristmill.domain.ids import TemplateId
from gristmill.domain.job import Job
from gristmill.errors import InUseError, UnknownModelError
from gristmill.jobs.models import LOCAL_MODEL
from gristmill.library.starters import FIRST, STARTERS, Starter, carried
from gristmill.library.templates import create_template
from gristmill.server.caller import Caller
from gristmill.server.controls import order_job
from gristmill.server.orders import NamedOrder, request_of
from gristmill.server.seeds import keep_examples
from gristmill.wiring.chance import new_chance

RECORDS: Final = 5
# What the starter calls the model that makes its records.
ALIAS: Final = "cheap"


async def why_not(caller: Caller) -> str:
    """What to do before the embedded model answers; "" when it is ready."""
    try:
        await _require_model(caller)
    except UnknownModelError as error:
        return str(error)
    return ""


async def order_first(caller: Caller) -> Job:
    """A job of a few records of the first starter, made by the embedded model.

    The caller keeps the template, unless there is one of its name already, and the seeds. Raises UnknownModelError
    with what to do when the model is not there, and then nothing is kept.
    """
    await _require_model(caller)
    starter = STARTERS[FIRST]
    order = NamedOrder(
        template=await _keep_template(starter, caller),
        seeds=await keep_examples(starter, caller),
        records=RECORDS,
        models={ALIAS: LOCAL_MODEL},
        name="First try",
    )
    return await order_job(caller, await request_of(order, caller))


async def _require_model(caller: Caller) -> None:
    (await caller.service.prices(caller.user)).find_model(LOCAL_MODEL)


async def _keep_template(starter: Starter, caller: Caller) -> TemplateId:
    service, source = caller.service, carried(starter.template).read_text(encoding="utf-8")
    try:
        version = await create_template(
            source, caller.user, service.store, lint=service.renderer.lint, chance=new_chance()
        )
    except InUseError:
        return (await service.store.find_template(caller.user, starter.name)).id
    return version.template
