"""The models a job may call: its owner's beside the worker's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gristmill.domain.ids import JobId
from gristmill.generation.meter import MeteredModels
from gristmill.ports.models import Models
from gristmill.worker.ports import TurnPorts


@asynccontextmanager
async def lend_models(ports: TurnPorts, job: JobId) -> AsyncIterator[Models]:
    """The job's models for as long as the context, every call of them counted. Raises what `models_for` raises."""
    if ports.models_for is None:
        yield MeteredModels(ports.models, ports.meter, ports.clock)
        return
    models = await ports.models_for(job)
    try:
        yield MeteredModels(models, ports.meter, ports.clock)
    finally:
        await models.close()
