"""What admins see to: users, and who did what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from gristmill.accounts import admin
from gristmill.domain.account import Role, User, UserChange, UserLimits
from gristmill.domain.audit import AuditFilter, AuditLine
from gristmill.domain.ids import UserId
from gristmill.domain.money import show_usd
from gristmill.errors import BadInputError, GristmillError, NotFoundError
from gristmill.jobs.cursors import write_cursor
from gristmill.server.caller import Caller
from gristmill.server.paging import read_id, read_number, refuse_stray
from gristmill.server.statuses import status_of
from gristmill.web.page import form_values, go_to, render
from gristmill.web.typed import read_usd, read_whole
from gristmill.web.visitor import AdminVisitor

router = APIRouter(prefix="/admin")

PAGE: Final = 50
MOST_JOBS: Final = 1_000_000
ROLES: Final[Mapping[str, Role]] = {"user": "user", "admin": "admin"}

Text = Annotated[str, Query(max_length=254)]
Cursor = Annotated[str | None, Query(max_length=512)]
UserPath = Annotated[str, Path(alias="id", max_length=64)]


@router.get("/users")
async def list_users(request: Request, caller: AdminVisitor, q: Text = "", cursor: Cursor = None) -> Response:
    """Users whose address holds a text, in the order in which they signed up."""
    after = read_id("users", cursor)
    with refuse_stray():
        users = await admin.list_users(
            caller.principal,
            caller.service.accounts,
            text=q.strip(),
            limit=PAGE + 1,
            after=None if after is None else UserId(after),
        )
    shown = users[:PAGE]
    more = write_cursor("users", shown[-1].id) if len(users) > PAGE else None
    return render(request, "admin/users.html", users=shown, q=q, cursor=more)


@router.get("/users/{id}")
async def show_user(request: Request, caller: AdminVisitor, user: UserPath) -> Response:
    """A user, and the form to change what they may."""
    found = await caller.service.accounts.store.read_user(UserId(user))
    return _form(request, caller, found, _values_of(found))


@router.post("/users/{id}")
async def change_user(request: Request, caller: AdminVisitor, user: UserPath) -> Response:
    """Change a user's role or limits, or shut them out and let them in again."""
    accounts = caller.service.accounts
    found = await accounts.store.read_user(UserId(user))
    values = form_values(await request.form(), "role", "budget", "running", "disabled")
    try:
        await admin.change_user(caller.principal, found.id, _change(found, values), caller.origin, accounts)
    except GristmillError as error:
        return _form(request, caller, found, values, error)
    return go_to(f"/admin/users/{found.id}", "user-changed")


@router.get("/audit")
async def list_audit(  # noqa: PLR0917 - each is a parameter of the query
    request: Request,
    caller: AdminVisitor,
    user: Text = "",
    action: Text = "",
    subject: Text = "",
    cursor: Cursor = None,
) -> Response:
    """Who did what, newest first."""
    wanted = AuditFilter(
        user=UserId(user.strip()) if user.strip() else None,
        action=action.strip() or None,
        subject=subject.strip() or None,
    )
    which = replace(wanted, before=read_number("audit", cursor))
    lines = await admin.list_audit(caller.principal, caller.service.accounts, which, limit=PAGE + 1)
    shown = lines[:PAGE]
    return render(
        request,
        "admin/audit.html",
        lines=shown,
        names=await _names(shown, caller),
        which=wanted,
        cursor=write_cursor("audit", shown[-1].sequence) if len(lines) > PAGE else None,
    )


def _values_of(user: User) -> dict[str, str]:
    budget, running = user.limits.budget, user.limits.running
    return {
        "role": user.role,
        "budget": "" if budget is None else show_usd(budget),
        "running": "" if running is None else str(running),
        "disabled": "yes" if user.disabled_at else "",
    }


def _change(user: User, values: Mapping[str, str]) -> UserChange:
    """What the form changes: what stays is not said, so that the log tells what was done."""
    if values["role"] not in ROLES:
        raise BadInputError("Choose a role.")
    running = read_whole(values["running"].strip(), least=1, most=MOST_JOBS)
    limits = UserLimits(budget=read_usd(values["budget"].strip()), running=running)
    role, is_disabled = ROLES[values["role"]], bool(values["disabled"])
    return UserChange(
        role=role if role != user.role else None,
        limits=limits if limits != user.limits else None,
        is_disabled=is_disabled if is_disabled != bool(user.disabled_at) else None,
    )


def _form(
    request: Request, caller: Caller, user: User, values: Mapping[str, str], error: GristmillError | None = None
) -> Response:
    return render(
        request,
        "admin/user.html",
        status=status_of(error) if error else 200,
        user=user,
        is_self=user.id == caller.user,
        values=values,
        wrong=str(error or ""),
    )


async def _names(lines: Sequence[AuditLine], caller: Caller) -> Mapping[str, str]:
    """The addresses of the users that some lines name; the log itself holds none, for users may be deleted."""
    about = (line.entry.subject for line in lines if line.entry.action.startswith("user."))
    named = dict.fromkeys([*(line.entry.user for line in lines), *about])
    names = {}
    for name in filter(None, named):
        try:
            names[name] = (await caller.service.accounts.store.read_user(UserId(name))).email
        except NotFoundError:
            continue
    return names
