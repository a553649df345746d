"""The page of the editor: a draft with all that stands around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from gristmill.domain.json import JsonObject
from gristmill.domain.seeds import SeedSet
from gristmill.domain.template import Template, TemplateVersion
from gristmill.errors import Finding
from gristmill.jobs.lint import finding_json
from gristmill.jobs.report import report_json
from gristmill.library.starters import STARTERS
from gristmill.recipes import compile_template
from gristmill.server.caller import Caller
from gristmill.server.trials import Tried
from gristmill.web.editor.drafts import TRIED_RECORDS, DraftForm
from gristmill.web.editor.looks import MOST_SETS, Look, checks_told, look_at
from gristmill.web.editor.words import model_names
from gristmill.web.page import fill, has_scripts, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A draft, and what was made of it.

    `version` is what it was opened at. `wrong` says why it was not kept, `try_wrong` why no records were made of it.
    """

    draft: DraftForm
    version: TemplateVersion | None = None
    wrong: str = ""
    refused: Sequence[Finding] = ()
    tried: Tried | None = None
    try_wrong: str = ""
    try_lacks: Sequence[Finding] = ()


async def show_desk(request: Request, caller: Caller, desk: Desk, status: int = 200) -> HTMLResponse:
    """The whole page. Raises NotFoundError for a template that the caller may not read."""
    draft = desk.draft
    template = await _template_of(draft, caller)
    sets = await read_sets(caller)
    # The script looks at what is opened, so the page need not wait for it.
    looked = None if request.method == "GET" and has_scripts() else await look_at(draft, sets, caller)
    return render(
        request,
        "templates/editor.html",
        status=status,
        desk=desk,
        draft=draft,
        template=template,
        is_yours=template is None or template.owner == caller.user,
        look=looked,
        # What a refusal found and the look did not, such as a name that is taken.
        refused=() if looked and looked.errors else desk.refused,
        sets=sets,
        starters=STARTERS,
        starter=STARTERS.get(draft.starter),
        models=await model_names(caller),
        now=caller.service.clock.now(),
        records=TRIED_RECORDS,
        **tried_values(desk.tried, desk.try_wrong, desk.try_lacks),
    )


def show_tried(
    request: Request, tried: Tried | None, problem: str = "", lacks: Sequence[Finding] = (), *, status: int = 200
) -> HTMLResponse:
    """What models made, as a part of the page."""
    return render(request, "templates/tried.html", status=status, **tried_values(tried, problem, lacks))


def tried_values(tried: Tried | None, problem: str, lacks: Sequence[Finding]) -> Mapping[str, Any]:
    """What the part about records that were tried knows."""
    if tried is None:
        return {"job": None, "try_problem": problem, "try_lacks": lacks}
    return {
        "job": report_json(tried.report),
        "asked": checks_told(compile_template(tried.report.job.order.template)),
        "items": tried.items,
        "has_ended": tried.report.job.has_ended,
        "try_problem": problem,
        "try_lacks": lacks,
    }


def look_parts(request: Request, draft: DraftForm, sets: Sequence[SeedSet], looked: Look) -> JsonObject:
    """What the script puts into the page: findings for the lines of the editor, their list, and the preview."""
    values = {"look": looked, "draft": draft, "sets": sets, "starter": STARTERS.get(draft.starter)}
    return {
        "findings": [finding_json(finding) for finding in looked.findings],
        "list": fill(request, "templates/findings.html", **values),
        # Without a preview the last one stays, and what is wrong stands above it.
        "choices": fill(request, "templates/choices.html", **values) if looked.recipe else None,
        "preview": fill(request, "templates/preview.html", **values) if looked.preview else None,
        "trouble": fill(request, "templates/trouble.html", **values),
    }


async def read_sets(caller: Caller) -> Sequence[SeedSet]:
    """The caller's newest seed sets."""
    return (await caller.service.store.list_seeds(caller.user, limit=MOST_SETS)).items


async def _template_of(draft: DraftForm, caller: Caller) -> Template | None:
    return await caller.service.store.read_template(caller.user, draft.id) if draft.template else None
