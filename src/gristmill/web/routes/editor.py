"""The editor: a template written, looked at while it is, tried, and kept."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from gristmill.domain.ids import JobId, TemplateId
from gristmill.errors import GristmillError
from gristmill.library import templates as library
from gristmill.library.starters import STARTERS, carried, unknown_starter
from gristmill.recipes import refusal_of
from gristmill.server.caller import Caller
from gristmill.server.seeds import keep_examples
from gristmill.server.statuses import status_of
from gristmill.server.trials import Tried, make_trial, read_trial
from gristmill.web.editor.desk import Desk, look_parts, read_sets, show_desk, show_tried
from gristmill.web.editor.drafts import DraftForm, read_draft, seeds_of
from gristmill.web.editor.looks import findings_of, look_at
from gristmill.web.editor.words import words_for
from gristmill.web.page import go_to, is_part
from gristmill.web.visitor import Visitor
from gristmill.wiring.chance import new_chance

router = APIRouter()

# A script looks again soon, and shows how far it is meanwhile; whoever has none waits for the whole page.
WAIT_SECONDS = 30.0
FIRST_SECONDS = 1.0
NEXT_SECONDS = 2.0

TemplatePath = Annotated[str, Path(alias="id", max_length=64)]
JobPath = Annotated[str, Path(alias="job", max_length=64)]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]

BLANK = """\
name: my-template
description: What its records are for

vary:
  tone: [formal, friendly, terse]

steps:
  - id: question
    model: cheap
    prompt: |
      Write one {{ tone }} question about the weather.

checks:
  - {unique: question}
"""


@router.get("/templates/new")
async def begin_template(
    request: Request, caller: Visitor, starter: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The editor with a starter in it, or with the shortest template that makes something."""
    if starter and starter not in STARTERS:
        return await show_desk(request, caller, Desk(draft=DraftForm(source=BLANK), wrong=_unknown(starter)), 404)
    source = carried(STARTERS[starter].template).read_text(encoding="utf-8") if starter else BLANK
    return await show_desk(request, caller, Desk(draft=DraftForm(source=source, starter=starter)))


@router.post("/templates/new")
async def create_template(request: Request, caller: Visitor) -> Response:
    """Keep a new template, or show the editor again with all that is wrong."""
    draft = await read_draft(request)
    service = caller.service
    try:
        made = await library.create_template(
            draft.source, caller.user, service.store, lint=service.renderer.lint, chance=new_chance()
        )
    except GristmillError as error:
        return await _refused(request, caller, draft, error)
    return go_to(f"/templates/{made.template}", "template-made")


@router.get("/templates/words")
async def tell_words(request: Request, caller: Visitor) -> Response:
    """What the editor completes, as JSON."""
    return JSONResponse(await words_for(caller, seeds_of(request.query_params)))


@router.post("/templates/look")
async def look(request: Request, caller: Visitor) -> Response:
    """What is wrong with a draft and what a slot of it draws, as JSON for the editor's script."""
    draft = await read_draft(request)
    sets = await read_sets(caller)
    return JSONResponse(look_parts(request, draft, sets, await look_at(draft, sets, caller)))


@router.post("/templates/preview")
async def preview(request: Request, caller: Visitor) -> Response:
    """The editor once more, with a look at what it holds: for browsers without scripts."""
    return await show_desk(request, caller, Desk(draft=await read_draft(request)))


@router.post("/templates/examples")
async def take_examples(request: Request, caller: Visitor) -> Response:
    """Keep the rows that the draft's starter is made for as seed sets, and show the editor with them."""
    draft = await read_draft(request)
    if draft.starter in STARTERS:
        await keep_examples(STARTERS[draft.starter], caller)
    # What was chosen before there were any is chosen anew.
    return await show_desk(request, caller, Desk(draft=replace(draft, seeds={})))


@router.post("/templates/try")
async def try_template(request: Request, caller: Visitor) -> Response:
    """Make a few records of a draft, and show what models make of it."""
    draft = await read_draft(request)
    try:
        tried = await _make(draft, caller, FIRST_SECONDS if is_part(request) else WAIT_SECONDS)
    except GristmillError as error:
        return await _not_tried(request, caller, draft, error)
    if is_part(request):
        return show_tried(request, tried)
    return await show_desk(request, caller, Desk(draft=draft, tried=tried))


@router.get("/templates/tries/{job}")
async def watch_trial(request: Request, caller: Visitor, job: JobPath) -> Response:
    """How far the records are that were asked for."""
    if not is_part(request):
        return go_to(f"/jobs/{job}")
    return show_tried(request, await read_trial(JobId(job), caller, seconds=NEXT_SECONDS))


@router.get("/templates/{id}")
async def edit_template(request: Request, caller: Visitor, template: TemplatePath, version: Version = None) -> Response:
    """The editor with a template of one's own, or a public one to read, at a version."""
    shown = await caller.service.store.read_version(caller.user, TemplateId(template), version)
    draft = DraftForm(source=shown.source, template=template)
    return await show_desk(request, caller, Desk(draft=draft, version=shown))


@router.post("/templates/{id}")
async def save_template(request: Request, caller: Visitor, template: TemplatePath) -> Response:
    """Keep the next version, or show the editor again with all that is wrong."""
    draft = await read_draft(request, template)
    service = caller.service
    before = await library.read_own(draft.id, caller.user, service.store)
    try:
        kept = await library.add_version(draft.id, draft.source, caller.user, service.store, lint=service.renderer.lint)
    except GristmillError as error:
        return await _refused(request, caller, draft, error)
    return go_to(f"/templates/{template}", "template-same" if kept.version == before.newest else "template-saved")


async def _make(draft: DraftForm, caller: Caller, seconds: float) -> Tried:
    """Raises GristmillError, with findings where the source is at fault."""
    looked = await look_at(draft, await read_sets(caller), caller)
    if looked.recipe is None:
        raise refusal_of(looked.findings)
    return await make_trial(draft.to_try(looked.recipe, looked.chosen), caller, seconds=seconds)


async def _not_tried(request: Request, caller: Caller, draft: DraftForm, error: GristmillError) -> HTMLResponse:
    problem, lacks = str(error), getattr(error, "findings", ())
    if is_part(request):
        return show_tried(request, None, problem, lacks, status=status_of(error))
    return await show_desk(request, caller, Desk(draft=draft, try_wrong=problem, try_lacks=lacks), status_of(error))


async def _refused(request: Request, caller: Caller, draft: DraftForm, error: GristmillError) -> HTMLResponse:
    """The editor with what was typed, and why it was not kept: what is wrong with the source stands below it."""
    is_broken = error.code == "invalid_template"
    wrong = "It was not saved: the template has errors, listed below it." if is_broken else str(error)
    return await show_desk(
        request, caller, Desk(draft=draft, wrong=wrong, refused=findings_of(error)), status_of(error)
    )


def _unknown(starter: str) -> str:
    return unknown_starter(starter).partition("\n")[0]
