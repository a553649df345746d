"""Templates: kept in versions that never change, compared, forked, published, checked and tried."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute, job_id_for
from gristmill.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from gristmill.api.problems import problem_responses
from gristmill.api.service import Reader, Writer
from gristmill.api.template_shapes import (
    DiffShape,
    ForkIn,
    LintIn,
    LintShape,
    PreviewIn,
    PreviewShape,
    SourceIn,
    TemplateShape,
    TemplateWithSource,
    VersionShape,
    diff_json,
    seed_ids_of,
    template_json,
    version_json,
)
from gristmill.domain.ids import TemplateId
from gristmill.domain.json import JsonObject
from gristmill.domain.paging import Page as StoredPage
from gristmill.domain.paging import Place
from gristmill.domain.template import Template, TemplateVersion
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.lint import finding_json
from gristmill.jobs.preview import preview_json
from gristmill.jobs.report import report_json, time_json
from gristmill.library import templates as library
from gristmill.library.differences import diff_versions
from gristmill.ports.templates import TemplateOrder, TemplateQuery
from gristmill.server.caller import Caller
from gristmill.server.orders import Trial
from gristmill.server.paging import read_number, read_place, write_place
from gristmill.server.trials import lint_source, make_trial, preview_trial
from gristmill.wiring.chance import new_chance

router = APIRouter(prefix="/templates", tags=["templates"], route_class=IdempotentRoute)

WAIT_SECONDS = 30.0

TemplatePath = Annotated[str, Path(alias="id", max_length=64, description="The template's id.")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="One of its versions; else the newest.")]
Words = Annotated[str, Query(max_length=200, description="In the name or the description.")]
READ = problem_responses(401, 403, 404)
WRITE = problem_responses(401, 403, 404, 409)


@router.get("", response_model=Page[TemplateShape], responses=problem_responses(401, 403))
async def list_templates(  # noqa: PLR0917 - each is a parameter of the query
    caller: Reader,
    q: Words = "",
    archived: bool = False,  # noqa: FBT001, FBT002
    order: TemplateOrder = "name",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> JsonObject:
    """Your templates."""
    query = TemplateQuery(by=order, text=q, with_archived=archived, limit=limit, after=_read_place(order, cursor))
    return _page_json(await caller.service.store.list_templates(caller.user, query), caller, order)


@router.post("", response_model=TemplateWithSource, status_code=201, responses=problem_responses(401, 403, 409))
async def create_template(wanted: SourceIn, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Keep a new template, under the name that it gives itself. What it takes from others is pinned now."""
    service = caller.service
    version = await library.create_template(
        wanted.source, caller.user, service.store, lint=service.renderer.lint, chance=new_chance()
    )
    return await _with_source(version, caller)


@router.get("/public", response_model=Page[TemplateShape], responses=problem_responses(401, 403))
async def list_public_templates(
    caller: Reader, q: Words = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> JsonObject:
    """Templates that somebody published, the latest first."""
    query = TemplateQuery(by="published", text=q, limit=limit, after=_read_place("published", cursor))
    return _page_json(await caller.service.store.list_public_templates(query), caller, "published")


@router.post("/lint", response_model=LintShape, responses=READ)
async def lint_template(wanted: LintIn, caller: Reader) -> JsonObject:
    """Say what is wrong or doubtful about a source, and about seed sets for it. Nothing is kept."""
    seeds = None if wanted.seeds is None else seed_ids_of(wanted.seeds)
    found = await lint_source(wanted.source, seeds, caller)
    return {"findings": [finding_json(finding) for finding in found]}


@router.post("/preview", response_model=PreviewShape, responses=WRITE)
async def preview_template(
    wanted: PreviewIn, caller: Writer, request: Request, _key: IdempotencyKey = None
) -> JsonObject:
    """Look at a few records before making many. With `call` they are made, as a job of its own with its own budget.

    Waits up to 30 seconds for them; the job goes on after that, and can be looked at by its id.
    """
    trial = Trial(
        source=wanted.source,
        records=wanted.n,
        seeds=seed_ids_of(wanted.seeds),
        budget=wanted.budget,
        models=wanted.models,
        random_seed=wanted.random_seed,
    )
    if not wanted.call:
        shown = await preview_trial(trial, caller)
        return {"items": [preview_json(one) for one in shown], "job": None}
    tried = await make_trial(trial, caller, seconds=WAIT_SECONDS, job=job_id_for(request))
    return {"items": tried.items, "job": report_json(tried.report)}


@router.get("/{id}", response_model=TemplateWithSource, responses=READ)
async def show_template(caller: Reader, template: TemplatePath, version: Version = None) -> JsonObject:
    """A template of yours, or a public one, at a version."""
    return await _with_source(
        await caller.service.store.read_version(caller.user, TemplateId(template), version), caller
    )


@router.put("/{id}", response_model=TemplateWithSource, responses=WRITE)
async def save_template(wanted: SourceIn, caller: Writer, template: TemplatePath) -> JsonObject:
    """Keep the next version of a template; the newest source again makes none."""
    service = caller.service
    version = await library.add_version(
        TemplateId(template), wanted.source, caller.user, service.store, lint=service.renderer.lint
    )
    return await _with_source(version, caller)


@router.delete("/{id}", status_code=204, responses=WRITE)
async def delete_template(caller: Writer, template: TemplatePath) -> Response:
    """Remove a template from which no job was made; others can be archived."""
    await caller.service.store.delete_template(caller.user, TemplateId(template))
    await caller.note("template.deleted", template)
    return Response(status_code=204)


@router.get("/{id}/versions", response_model=Page[VersionShape], responses=READ)
async def list_versions(
    caller: Reader, template: TemplatePath, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> JsonObject:
    """The versions of a template, newest first."""
    history = await caller.service.store.read_history(
        caller.user, TemplateId(template), before=read_number("versions", cursor), limit=limit + 1
    )
    shown = history[:limit]
    next_cursor = write_cursor("versions", shown[-1].version) if len(history) > limit else None
    return {"items": [version_json(version) for version in shown], "next_cursor": next_cursor}


@router.get("/{id}/diff", response_model=DiffShape, responses=READ)
async def compare_versions(
    caller: Reader,
    template: TemplatePath,
    old: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1)],
    new: Annotated[int, Query(alias="to", ge=1, le=2**31 - 1)],
) -> JsonObject:
    """What differs between two versions."""
    return diff_json(await diff_versions(TemplateId(template), old, new, caller.user, caller.service.store))


@router.get(
    "/{id}/source",
    response_class=Response,
    responses={**READ, 200: {"description": "The source.", "content": {"application/yaml": {}}}},
)
async def show_source(caller: Reader, template: TemplatePath, version: Version = None) -> Response:
    """The source of a version, byte for byte as it was given."""
    found = await caller.service.store.read_version(caller.user, TemplateId(template), version)
    name = f"{found.name}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.source.encode(), media_type="application/yaml", headers=headers)


@router.post("/{id}/fork", response_model=TemplateWithSource, status_code=201, responses=WRITE)
async def fork_template(
    caller: Writer, template: TemplatePath, at: ForkIn | None = None, _key: IdempotencyKey = None
) -> JsonObject:
    """Make a template of your own from one of yours or a public one, under a name that is free."""
    version = await library.fork_template(
        TemplateId(template), at.version if at else None, caller.user, caller.service.store, chance=new_chance()
    )
    return await _with_source(version, caller)


@router.post("/{id}/archive", response_model=TemplateShape, responses=WRITE)
async def archive_template(caller: Writer, template: TemplatePath, _key: IdempotencyKey = None) -> JsonObject:
    """Put a template away: lists leave it out, and nothing else changes."""
    found = await caller.service.store.archive_template(caller.user, TemplateId(template), archived=True)
    return template_json(found, caller.user)


@router.delete("/{id}/archive", response_model=TemplateShape, responses=READ)
async def unarchive_template(caller: Writer, template: TemplatePath) -> JsonObject:
    """Take a template out of the archive."""
    found = await caller.service.store.archive_template(caller.user, TemplateId(template), archived=False)
    return template_json(found, caller.user)


@router.post("/{id}/publish", response_model=TemplateShape, responses=WRITE)
async def publish_template(caller: Writer, template: TemplatePath, _key: IdempotencyKey = None) -> JsonObject:
    """Let everybody read all versions of a template, and take from it."""
    found = await library.publish_template(TemplateId(template), caller.user, caller.service.store)
    await caller.note("template.published", template)
    return template_json(found, caller.user)


@router.delete("/{id}/publish", response_model=TemplateShape, responses=READ)
async def unpublish_template(caller: Writer, template: TemplatePath) -> JsonObject:
    """Make a template private again. Jobs that others made from it go on; new ones of theirs are refused."""
    found = await caller.service.store.publish_template(caller.user, TemplateId(template), published=False)
    await caller.note("template.unpublished", template)
    return template_json(found, caller.user)


async def _with_source(version: TemplateVersion, caller: Caller) -> JsonObject:
    template = await caller.service.store.read_template(caller.user, version.template)
    return {
        **template_json(template, caller.user),
        "version": version.version,
        "source": version.source,
        "version_created_at": time_json(version.created_at),
    }


def _read_place(order: TemplateOrder, cursor: str | None) -> Place | None:
    return read_place(f"templates by {order}", cursor, str if order == "name" else int)


def _page_json(page: StoredPage[Template], caller: Caller, order: TemplateOrder) -> JsonObject:
    items = [template_json(template, caller.user) for template in page.items]
    return {"items": items, "next_cursor": write_place(f"templates by {order}", page.next)}
