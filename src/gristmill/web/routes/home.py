"""Home: what runs, what was made, what it cost, and where a newcomer begins."""

from fastapi import APIRouter, Request, Response

from gristmill.web.page import render
from gristmill.web.visitor import Visitor

router = APIRouter()


@router.get("/")
async def show_home(request: Request, caller: Visitor) -> Response:
    """The first page of somebody who is logged in."""
    del caller
    return render(request, "home.html")
