"""What admins see to: users, and who did what."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from gristmill.accounts import admin
from gristmill.api.account_shapes import AuditShape, UserChangeIn, UserShape, user_json
from gristmill.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from gristmill.api.problems import problem_responses
from gristmill.api.service import Admin
from gristmill.domain.account import UserChange
from gristmill.domain.audit import AuditFilter, AuditLine
from gristmill.domain.ids import UserId
from gristmill.domain.json import JsonObject
from gristmill.jobs.cursors import write_cursor
from gristmill.server.paging import read_id, read_number, refuse_stray

router = APIRouter(prefix="/admin", tags=["admin"])

Text = Annotated[str, Query(max_length=254)]


@router.get("/users", response_model=Page[UserShape], responses=problem_responses(401, 403))
async def list_users(caller: Admin, q: Text = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> JsonObject:
    """Users whose address holds a text, in the order in which they signed up."""
    after = read_id("users", cursor)
    with refuse_stray():
        users = await admin.list_users(
            caller.principal,
            caller.service.accounts,
            text=q,
            limit=limit + 1,
            after=None if after is None else UserId(after),
        )
    shown = users[:limit]
    next_cursor = write_cursor("users", shown[-1].id) if len(users) > limit else None
    return {"items": [user_json(user) for user in shown], "next_cursor": next_cursor}


@router.patch("/users/{id}", response_model=UserShape, responses=problem_responses(401, 403, 404, 409))
async def change_user(
    change: UserChangeIn, caller: Admin, user: Annotated[str, Path(alias="id", max_length=64)]
) -> JsonObject:
    """Change a user's role or limits, or shut them out and let them in again."""
    wanted = UserChange(
        role=change.role, limits=change.limits.limits if change.limits else None, is_disabled=change.disabled
    )
    changed = await admin.change_user(caller.principal, UserId(user), wanted, caller.origin, caller.service.accounts)
    return user_json(changed)


@router.get("/audit", response_model=Page[AuditShape], responses=problem_responses(401, 403))
async def list_audit(  # noqa: PLR0917 - each is a parameter of the query
    caller: Admin,
    user: Annotated[str | None, Query(max_length=64)] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> JsonObject:
    """Who did what, newest first."""
    which = AuditFilter(
        user=None if user is None else UserId(user), action=action, subject=subject, before=read_number("audit", cursor)
    )
    lines = await admin.list_audit(caller.principal, caller.service.accounts, which, limit=limit + 1)
    shown = lines[:limit]
    next_cursor = write_cursor("audit", shown[-1].sequence) if len(lines) > limit else None
    return {"items": [_line_json(line) for line in shown], "next_cursor": next_cursor}


def _line_json(line: AuditLine) -> JsonObject:
    entry = line.entry
    return {
        "sequence": line.sequence,
        "at": line.at.isoformat(),
        "action": entry.action,
        "user": entry.user,
        "subject": entry.subject,
        "address": entry.origin.address,
        "request_id": entry.origin.request,
        "fields": dict(entry.fields),
    }
