"""One's own account: what it may, its password, and its end."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from gristmill.accounts import me as mine
from gristmill.accounts import passwords
from gristmill.domain.account import SOLE
from gristmill.domain.job import ACTIVE
from gristmill.errors import GristmillError
from gristmill.jobs.costs import stats_json
from gristmill.server.caller import Caller
from gristmill.server.statuses import status_of
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor, drop_session

router = APIRouter(prefix="/settings")

Secret = Annotated[str, Form(max_length=1024)]


@router.get("")
async def show_settings(request: Request, caller: Visitor) -> Response:
    """The account and its limits, with what is used of them."""
    return await _page(request, caller)


@router.post("/password")
async def change_password(
    request: Request, caller: Visitor, current_password: Secret = "", password: Secret = ""
) -> Response:
    """Set a new password; every other login ends."""
    try:
        await passwords.change_password(
            caller.principal, current_password, password, caller.origin, caller.service.accounts
        )
    except GristmillError as error:
        # A wrong password is no reason to lead to the login: who asks is known.
        return await _page(request, caller, error, about="password")
    return go_to("/settings", "password-changed")


@router.post("/delete")
async def delete_account(request: Request, caller: Visitor, password: Secret = "") -> Response:
    """Forget the user, once no job of theirs runs."""
    try:
        await mine.delete_account(caller.principal, password, caller.origin, caller.service.accounts)
    except GristmillError as error:
        return await _page(request, caller, error, about="delete")
    response = go_to("/login", "account-deleted")
    drop_session(response, request)
    return response


async def _page(request: Request, caller: Caller, error: GristmillError | None = None, *, about: str = "") -> Response:
    service, user = caller.service, caller.user
    counts = stats_json(await service.store.read_costs(user))
    return render(
        request,
        "settings/account.html",
        status=status_of(error) if error else 200,
        user=await mine.read_me(caller.principal, service.accounts),
        is_sole=user == SOLE.user,
        stats=counts,
        running=len(await service.store.list_jobs(owner=user, kind=None, statuses=ACTIVE, limit=200)),
        wrong=str(error or ""),
        about=about,
    )
