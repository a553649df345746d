"""What machines ask of a server: whether it lives, whether it can work, and its figures."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process answers at all."""
    return Health()
