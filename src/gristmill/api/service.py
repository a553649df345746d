"""What the endpoints of one server share: its open ports, and who asks."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gristmill.api.request_ids import request_id_of
from gristmill.domain.account import Principal, Scope
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.ids import UserId
from gristmill.domain.json import Json
from gristmill.errors import ForbiddenError
from gristmill.wiring.service import Service

_bearer = HTTPBearer(auto_error=False, description="An access token of a login, or an API key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, from where, and the server they ask."""

    service: Service
    principal: Principal
    origin: Origin

    @property
    def user(self) -> UserId:
        """Whose things are meant: everybody asks for their own."""
        return self.principal.user

    async def note(self, action: str, subject: str, **fields: Json) -> None:
        """Write into the audit log that the caller did this."""
        entry = AuditEntry(action=action, user=self.user, subject=subject, origin=self.origin, fields=fields)
        await self.service.store.add_entry(entry)


def service_of(request: Request) -> Service:
    """The server's open ports."""
    service: Service = request.app.state.service
    return service


async def principal_of(request: Request) -> Principal:
    """Who asks, found out once for each request. Raises UnauthenticatedError."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        known = await service_of(request).authenticate(credential.strip() if scheme.lower() == "bearer" else "")
        request.state.principal = known
    return known


def origin_of(request: Request) -> Origin:
    """Where a request came from: the address the server sees (a trusted proxy's word is uvicorn's to take)."""
    return Origin(address=request.client.host if request.client else "", request=request_id_of(request))


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
