"""The versions of a template: listed, compared side by side, and restored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response

from gristmill.domain.ids import TemplateId
from gristmill.jobs.cursors import write_cursor
from gristmill.library import templates as library
from gristmill.library.differences import DiffLine, diff_versions
from gristmill.server.paging import read_number
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor

router = APIRouter()

PAGE = 50

TemplatePath = Annotated[str, Path(alias="id", max_length=64)]
Cursor = Annotated[str | None, Query(max_length=400)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A row of two columns: what stands in the old version and in the new one, None where there is nothing."""

    old: DiffLine | None
    new: DiffLine | None


@router.get("/templates/{id}/versions")
async def list_versions(request: Request, caller: Visitor, template: TemplatePath, cursor: Cursor = None) -> Response:
    """The versions of a template, newest first."""
    store, key = caller.service.store, TemplateId(template)
    found = await store.read_template(caller.user, key)
    history = await store.read_history(caller.user, key, before=read_number("versions", cursor), limit=PAGE + 1)
    shown = history[:PAGE]
    return render(
        request,
        "templates/versions.html",
        template=found,
        is_yours=found.owner == caller.user,
        versions=shown,
        cursor=write_cursor("versions", shown[-1].version) if len(history) > PAGE else None,
        now=caller.service.clock.now(),
    )


@router.get("/templates/{id}/diff")
async def compare_versions(
    request: Request,
    caller: Visitor,
    template: TemplatePath,
    old: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1)],
    new: Annotated[int, Query(alias="to", ge=1, le=2**31 - 1)],
) -> Response:
    """What differs between two versions, side by side."""
    store = caller.service.store
    found = await store.read_template(caller.user, TemplateId(template))
    diff = await diff_versions(found.id, old, new, caller.user, store)
    lines = [line for hunk in diff.hunks for line in hunk]
    return render(
        request,
        "templates/diff.html",
        template=found,
        is_yours=found.owner == caller.user,
        diff=diff,
        hunks=[list(pair_lines(hunk)) for hunk in diff.hunks],
        added=sum(line.kind == "added" for line in lines),
        removed=sum(line.kind == "removed" for line in lines),
    )


@router.post("/templates/{id}/restore")
async def restore_version(
    caller: Visitor, template: TemplatePath, version: Annotated[int, Form(ge=1, le=2**31 - 1)]
) -> Response:
    """Keep an old source as the newest version."""
    service, key = caller.service, TemplateId(template)
    before = await library.read_own(key, caller.user, service.store)
    old = await service.store.read_version(caller.user, key, version)
    kept = await library.add_version(key, old.source, caller.user, service.store, lint=service.renderer.lint)
    return go_to(f"/templates/{template}", "template-same" if kept.version == before.newest else "template-restored")


def pair_lines(hunk: Sequence[DiffLine]) -> Iterator[Pair]:
    """The lines of a hunk in two columns: what was removed beside what was added in its place."""
    for is_same, run in groupby(hunk, key=lambda line: line.kind == "same"):
        lines = list(run)
        if is_same:
            yield from (Pair(old=line, new=line) for line in lines)
            continue
        removed = [line for line in lines if line.kind == "removed"]
        added = [line for line in lines if line.kind == "added"]
        yield from (Pair(old=old, new=new) for old, new in zip_longest(removed, added))
