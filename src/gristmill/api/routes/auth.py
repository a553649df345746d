"""Accounts: signed up for, logged in to, and kept."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from gristmill.accounts import keys as api_keys
from gristmill.accounts import login as logins
from gristmill.accounts import me as mine
from gristmill.accounts import passwords, signup
from gristmill.api.account_shapes import (
    Accepted,
    ChangePasswordIn,
    DeleteMeIn,
    ForgotIn,
    KeyIn,
    KeyShape,
    LoginIn,
    LoginShape,
    NewKeyShape,
    RefreshIn,
    ResetIn,
    SignupIn,
    TokenIn,
    UserShape,
    user_json,
)
from gristmill.api.paging import Page
from gristmill.api.problems import problem_responses
from gristmill.api.service import AnyService, Reader, Writer
from gristmill.domain.account import ApiKey
from gristmill.domain.json import JsonObject
from gristmill.domain.token import TokenPair
from gristmill.jobs.report import time_json
from gristmill.server.caller import origin_of

router = APIRouter(prefix="/auth", tags=["auth"])

LOGIN = problem_responses(401, 403, 429)
OWN = problem_responses(401, 403, takes_input=False)


@router.post("/signup", status_code=202, responses=problem_responses(403, 429))
async def sign_up(who: SignupIn, service: AnyService, request: Request) -> Accepted:
    """Ask for an account. A link to confirm the address is mailed, or shown on the server's console."""
    await signup.sign_up(who.email, who.password.get_secret_value(), origin_of(request), service.accounts)
    return Accepted(message="Open the link that was mailed to you.")


@router.post("/verify", response_model=UserShape, responses=problem_responses())
async def verify_address(link: TokenIn, service: AnyService, request: Request) -> JsonObject:
    """Confirm an address with the token of the mailed link. The first user becomes the server's admin."""
    return user_json(await signup.verify(link.token, origin_of(request), service.accounts))


@router.post("/login", responses=LOGIN)
async def log_in(who: LoginIn, service: AnyService, request: Request) -> LoginShape:
    """Log in: an access token for fifteen minutes, and a refresh token for the next one."""
    password = who.password.get_secret_value()
    return _tokens(await logins.log_in(who.email, password, origin_of(request), service.accounts))


@router.post("/refresh", responses=problem_responses(401))
async def refresh(held: RefreshIn, service: AnyService, request: Request) -> LoginShape:
    """Exchange a refresh token for new tokens. One that comes a second time ends the login: it was stolen."""
    return _tokens(await logins.refresh(held.refresh_token, origin_of(request), service.accounts))


@router.post("/logout", status_code=204, responses=OWN)
async def log_out(caller: Reader) -> Response:
    """End this login at once, with all its tokens."""
    await logins.log_out(caller.principal, caller.origin, caller.service.accounts)
    return Response(status_code=204)


@router.post("/password/forgot", status_code=202, responses=problem_responses(429))
async def forgot_password(who: ForgotIn, service: AnyService, request: Request) -> Accepted:
    """Have a link mailed to set a new password."""
    await passwords.forget_password(who.email, origin_of(request), service.accounts)
    return Accepted(message="If the address has an account, a link was mailed to it.")


@router.post("/password/reset", status_code=204, responses=problem_responses())
async def reset_password(new: ResetIn, service: AnyService, request: Request) -> Response:
    """Set a new password with the token of the mailed link; every login ends."""
    password = new.password.get_secret_value()
    await passwords.reset_password(new.token, password, origin_of(request), service.accounts)
    return Response(status_code=204)


@router.post("/password", status_code=204, responses=LOGIN)
async def change_password(change: ChangePasswordIn, caller: Writer) -> Response:
    """Change the password; every other login ends."""
    current, new = change.current_password.get_secret_value(), change.password.get_secret_value()
    await passwords.change_password(caller.principal, current, new, caller.origin, caller.service.accounts)
    return Response(status_code=204)


@router.get("/me", response_model=UserShape, responses=OWN)
async def show_me(caller: Reader) -> JsonObject:
    """Who you are."""
    return user_json(await mine.read_me(caller.principal, caller.service.accounts))


@router.delete("/me", status_code=204, responses=problem_responses(401, 403, 409, 429))
async def delete_me(once_more: DeleteMeIn, caller: Writer) -> Response:
    """Delete the account, once no job of yours runs. What it cost stays, under an id that leads to nobody."""
    password = once_more.password.get_secret_value()
    await mine.delete_account(caller.principal, password, caller.origin, caller.service.accounts)
    return Response(status_code=204)


@router.get("/keys", response_model=Page[KeyShape], responses=OWN)
async def list_keys(caller: Reader) -> JsonObject:
    """Your API keys, without their secrets."""
    keys = await api_keys.list_keys(caller.principal, caller.service.accounts)
    return {"items": [_key_json(key) for key in keys], "next_cursor": None}


@router.post("/keys", response_model=NewKeyShape, status_code=201, responses=problem_responses(401, 403))
async def make_key(wanted: KeyIn, caller: Writer) -> JsonObject:
    """Make an API key. Its secret is in this answer and nowhere else."""
    request = api_keys.KeyRequest(name=wanted.name, scopes=frozenset(wanted.scopes), expires_at=wanted.expires_at)
    made = await api_keys.make_key(caller.principal, request, caller.origin, caller.service.accounts)
    return {**_key_json(made.key), "key": made.secret}


@router.delete("/keys/{id}", status_code=204, responses=problem_responses(401, 403, 404))
async def revoke_key(caller: Writer, key: Annotated[str, Path(alias="id", max_length=64)]) -> Response:
    """Revoke a key at once."""
    await api_keys.revoke_key(caller.principal, key, caller.origin, caller.service.accounts)
    return Response(status_code=204)


def _tokens(pair: TokenPair) -> LoginShape:
    return LoginShape(access_token=pair.access, refresh_token=pair.refresh, expires_in=pair.expires_in)


def _key_json(key: ApiKey) -> JsonObject:
    return {
        "id": key.id,
        "name": key.name,
        "ending": key.ending,
        "scopes": sorted(key.scopes),
        "created_at": time_json(key.created_at),
        "expires_at": time_json(key.expires_at),
        "last_used_at": time_json(key.last_used_at),
    }
