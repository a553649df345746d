"""What machines ask of a server: whether it lives, whether it can work, and its figures."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from gristmill.api.metrics import CONTENT_TYPE, render_metrics
from gristmill.api.problems import problem_responses
from gristmill.api.service import AnyService
from gristmill.wiring.readiness import check_readiness

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Part(BaseModel):
    """One part of the server, and what is wrong with it."""

    name: Literal["store", "blobs", "workers"]
    is_ready: bool
    detail: str = ""


class Readiness(BaseModel):
    """Whether requests can be served and records be made."""

    is_ready: bool
    parts: list[Part]


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process answers at all."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Some part is not ready."}})
async def readyz(service: AnyService, response: Response) -> Readiness:
    """Whether store and blobs can be reached, and whether any worker lives."""
    parts = [
        Part(name=part.name, is_ready=not part.problem, detail=part.problem) for part in await check_readiness(service)
    ]
    is_ready = all(part.is_ready for part in parts)
    if not is_ready:
        response.status_code = 503
    return Readiness(is_ready=is_ready, parts=parts)


@router.get(
    "/metrics",
    response_class=Response,
    responses={**problem_responses(), 200: {"content": {"text/plain": {}}, "description": "In Prometheus' format."}},
)
async def show_metrics(service: AnyService) -> Response:
    """Figures of all jobs and workers of the store, for Prometheus."""
    return Response(await render_metrics(service), media_type=CONTENT_TYPE)
