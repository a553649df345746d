"""Who asks a server for something, and from where."""

from dataclasses import dataclass

from fastapi import Request

from gristmill.domain.account import Principal
from gristmill.domain.audit import AuditEntry, Origin
from gristmill.domain.ids import UserId
from gristmill.domain.json import Json
from gristmill.server.request_ids import request_id_of
from gristmill.wiring.service import Service


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


def origin_of(request: Request) -> Origin:
    """Where a request came from: the address the server sees (a trusted proxy's word is uvicorn's to take)."""
    return Origin(address=request.client.host if request.client else "", request=request_id_of(request))
