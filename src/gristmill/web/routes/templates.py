"""Templates: yours and public ones, and what is done with one besides writing it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from gristmill.domain.ids import TemplateId
from gristmill.domain.paging import Page
from gristmill.domain.template import Template
from gristmill.library import templates as library
from gristmill.library.starters import STARTERS
from gristmill.ports.templates import TemplateOrder, TemplateQuery
from gristmill.server.caller import Caller
from gristmill.server.paging import read_place, write_place
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor
from gristmill.wiring.chance import new_chance

router = APIRouter()

PAGE = 50

TemplatePath = Annotated[str, Path(alias="id", max_length=64)]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Words = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=400)]


@router.get("/templates")
async def list_templates(  # noqa: PLR0917 - each is a parameter of the query
    request: Request,
    caller: Visitor,
    q: Words = "",
    archived: bool = False,  # noqa: FBT001, FBT002 - a parameter of the query
    order: Literal["name", "changed"] = "changed",
    cursor: Cursor = None,
) -> Response:
    """Your templates, the last changed first."""
    place = read_place(_list_of(order), cursor, str if order == "name" else int)
    query = TemplateQuery(by=order, text=q, with_archived=archived, limit=PAGE, after=place)
    page = await caller.service.store.list_templates(caller.user, query)
    return _list(request, caller, page, order, q=q, archived=archived, tab="yours")


@router.get("/templates/public")
async def list_public_templates(request: Request, caller: Visitor, q: Words = "", cursor: Cursor = None) -> Response:
    """Templates that somebody published, the latest first."""
    query = TemplateQuery(by="published", text=q, limit=PAGE, after=read_place(_list_of("published"), cursor, int))
    page = await caller.service.store.list_public_templates(query)
    return _list(request, caller, page, "published", q=q, archived=False, tab="public")


@router.get("/templates/{id}/source")
async def download_source(caller: Visitor, template: TemplatePath, version: Version = None) -> Response:
    """The source of a version, byte for byte as it was given."""
    found = await caller.service.store.read_version(caller.user, TemplateId(template), version)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}.yaml"'}
    return Response(found.source.encode(), media_type="application/yaml", headers=headers)


@router.post("/templates/{id}/fork")
async def fork_template(caller: Visitor, template: TemplatePath, version: Version = None) -> Response:
    """Copy a template of one's own or a public one."""
    made = await library.fork_template(
        TemplateId(template), version, caller.user, caller.service.store, chance=new_chance()
    )
    return go_to(f"/templates/{made.template}", "template-forked")


@router.post("/templates/{id}/publish")
async def publish_template(caller: Visitor, template: TemplatePath) -> Response:
    """Let everybody on this server read and use it."""
    await library.publish_template(TemplateId(template), caller.user, caller.service.store)
    await caller.note("template.published", template)
    return go_to(f"/templates/{template}", "template-published")


@router.post("/templates/{id}/unpublish")
async def unpublish_template(caller: Visitor, template: TemplatePath) -> Response:
    """Make it private again."""
    await caller.service.store.publish_template(caller.user, TemplateId(template), published=False)
    await caller.note("template.unpublished", template)
    return go_to(f"/templates/{template}", "template-unpublished")


@router.post("/templates/{id}/archive")
async def archive_template(caller: Visitor, template: TemplatePath) -> Response:
    """Put it away: lists leave it out, and nothing else changes."""
    await caller.service.store.archive_template(caller.user, TemplateId(template), archived=True)
    return go_to(f"/templates/{template}", "template-archived")


@router.post("/templates/{id}/unarchive")
async def unarchive_template(caller: Visitor, template: TemplatePath) -> Response:
    """Take it out of the archive."""
    await caller.service.store.archive_template(caller.user, TemplateId(template), archived=False)
    return go_to(f"/templates/{template}", "template-unarchived")


@router.post("/templates/{id}/delete")
async def delete_template(caller: Visitor, template: TemplatePath) -> Response:
    """Remove a template from which no job was made; others can be archived."""
    await caller.service.store.delete_template(caller.user, TemplateId(template))
    await caller.note("template.deleted", template)
    return go_to("/templates", "template-deleted")


def _list(
    request: Request,
    caller: Caller,
    page: Page[Template],
    order: TemplateOrder,
    *,
    q: str,
    archived: bool,
    tab: str,
) -> Response:
    return render(
        request,
        "templates/list.html",
        templates=page.items,
        cursor=write_place(_list_of(order), page.next),
        order=order,
        q=q,
        archived=archived,
        tab=tab,
        you=caller.user,
        starters=STARTERS,
        now=caller.service.clock.now(),
    )


def _list_of(order: TemplateOrder) -> str:
    """What cursors into the list are called."""
    return f"templates by {order}"
