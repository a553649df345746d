"""API keys: made, shown once, and revoked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from gristmill.accounts import keys as api_keys
from gristmill.accounts.keys import KeyRequest, MadeKey
from gristmill.domain.account import SCOPES, SOLE
from gristmill.errors import BadInputError, GristmillError
from gristmill.server.caller import Caller
from gristmill.server.statuses import status_of
from gristmill.web.page import form_values, go_to, render
from gristmill.web.visitor import Visitor

router = APIRouter(prefix="/settings/keys")

# How long a key may live; nothing is for good.
LIVES: Final[Mapping[str, timedelta | None]] = {
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "1 year": timedelta(days=365),
    "never": None,
}
USUAL: Final[Mapping[str, str]] = {"name": "", "expires": "90 days"}
USUAL_SCOPES: Final = frozenset({"read", "write"})


@router.get("")
async def list_keys(request: Request, caller: Visitor) -> Response:
    """The user's keys, and the form of a new one."""
    return await _page(request, caller)


@router.post("")
async def make_key(request: Request, caller: Visitor) -> Response:
    """Make a key. Its secret is in this answer and nowhere else, so nothing is led to."""
    form = await request.form()
    values, scopes = form_values(form, "name", "expires"), frozenset(str(scope) for scope in form.getlist("scope"))
    try:
        wanted = _wanted(values, scopes, caller)
        made = await api_keys.make_key(caller.principal, wanted, caller.origin, caller.service.accounts)
    except GristmillError as error:
        return await _page(request, caller, values=values, scopes=scopes, error=error)
    return await _page(request, caller, made=made)


@router.post("/{id}/revoke")
async def revoke_key(caller: Visitor, key: Annotated[str, Path(alias="id", max_length=64)]) -> Response:
    """Revoke a key at once."""
    await api_keys.revoke_key(caller.principal, key, caller.origin, caller.service.accounts)
    return go_to("/settings/keys", "key-revoked")


def _wanted(values: Mapping[str, str], scopes: frozenset[str], caller: Caller) -> KeyRequest:
    if values["expires"] not in LIVES:
        raise BadInputError("Choose until when the key shall open anything.")
    if scopes - SCOPES["admin"]:
        raise BadInputError("A key has the scopes read, write or admin.")
    life = LIVES[values["expires"]]
    return KeyRequest(
        name=values["name"],
        scopes=frozenset(scope for scope in SCOPES["admin"] if scope in scopes),
        expires_at=None if life is None else caller.service.clock.now() + life,
    )


async def _page(
    request: Request,
    caller: Caller,
    *,
    values: Mapping[str, str] = USUAL,
    scopes: frozenset[str] = USUAL_SCOPES,
    error: GristmillError | None = None,
    made: MadeKey | None = None,
) -> Response:
    now = caller.service.clock.now()
    keys = await api_keys.list_keys(caller.principal, caller.service.accounts)
    return render(
        request,
        "settings/keys.html",
        status=status_of(error) if error else 200,
        is_sole=caller.user == SOLE.user,
        live=[key for key in keys if key.is_live(now)],
        dead=[key for key in keys if not key.is_live(now)],
        now=now,
        lives=list(LIVES),
        allowed=[scope for scope in ("read", "write", "admin") if scope in caller.principal.scopes],
        values=values,
        scopes=scopes,
        wrong=str(error or ""),
        made=made,
    )
