"""Who asks the API: a bearer, and what their scope lets them do."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gristmill.domain.account import Principal, Scope
from gristmill.errors import ForbiddenError
from gristmill.server.caller import Caller, origin_of, service_of
from gristmill.wiring.service import Service

_bearer = HTTPBearer(auto_error=False, description="An access token of a login, or an API key.")


async def principal_of(request: Request) -> Principal:
    """Who asks, found out once for each request. Raises UnauthenticatedError."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        known = await service_of(request).authenticate(credential.strip() if scheme.lower() == "bearer" else "")
        request.state.principal = known
    return known


async def _caller(request: Request, scope: Scope) -> Caller:
    principal = await principal_of(request)
    if scope not in principal.scopes:
        raise ForbiddenError(f"This key may not do that: it lacks the scope {scope!r}.")
    return Caller(
        service=service_of(request),
        principal=principal,
        origin=origin_of(request),
    )


async def _reader(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    return await _caller(request, "read")


async def _writer(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    return await _caller(request, "write")


async def _admin(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    caller = await _caller(request, "admin")
    if not caller.principal.is_admin:
        raise ForbiddenError("Only an admin may do that.")
    return caller


Reader = Annotated[Caller, Depends(_reader)]
Writer = Annotated[Caller, Depends(_writer)]
Admin = Annotated[Caller, Depends(_admin)]
AnyService = Annotated[Service, Depends(service_of)]
