"""Seed sets: brought as files, listed, looked at row by row, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile

from gristmill.datasets import PLAIN_READING, SeedReading, reading_of
from gristmill.domain.ids import Digest
from gristmill.errors import BadInputError, Finding, GristmillError, InUseError, NotFoundError
from gristmill.jobs.cursors import write_cursor
from gristmill.library import seeds as library
from gristmill.library.labels import label_of
from gristmill.server.caller import Caller
from gristmill.server.paging import read_number, read_place, refuse_stray, write_place
from gristmill.server.seeds import keep_upload
from gristmill.server.statuses import status_of
from gristmill.web.known import KnownPage
from gristmill.web.page import go_to, is_part, render
from gristmill.web.seedcells import row_texts
from gristmill.web.visitor import Visitor

router = APIRouter(route_class=KnownPage)

SETS_SHOWN: Final = 50
ROWS_SHOWN: Final = 20
MOST_SPLIT: Final = 1_000_000

SeedsPath = Annotated[str, Path(alias="id", max_length=64)]
Cursor = Annotated[str | None, Query(max_length=400)]
Typed = Annotated[str, Form(max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that was not taken, and why; `split` and `encoding` as they were typed."""

    error: GristmillError
    name: str
    split: str
    encoding: str

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with which row."""
        return self.error.findings if isinstance(self.error, BadInputError) else ()

    @property
    def is_about_encoding(self) -> bool:
        """Whether it may help to say how the file is written."""
        said = [str(self.error), *(finding.suggestion for finding in self.findings)]
        return bool(self.encoding) or any("encoding" in words for words in said)


@router.get("/seeds")
async def list_seeds(request: Request, caller: Visitor, cursor: Cursor = None) -> Response:
    """The caller's seed sets, newest first, under the form that brings another."""
    return await _list(request, caller, cursor)


@router.post("/seeds")
async def bring_file(
    request: Request,
    caller: Visitor,
    file: Annotated[UploadFile | None, File()] = None,
    split: Typed = "",
    encoding: Typed = "",
) -> Response:
    """Keep a file's rows and lead to them, or say what is wrong with it beside the form."""
    since = caller.service.clock.now()
    try:
        if file is None or not file.filename:
            raise BadInputError("Choose a file first.")
        line = await keep_upload(file, _reading(split, encoding), caller)
    except GristmillError as error:
        name = label_of(file.filename) if file and file.filename else ""
        refused = Refused(error=error, name=name, split=split, encoding=encoding)
        return await _refuse(request, caller, refused)
    done = go_to(f"/seeds/{line.digest}", "seeds-known" if line.created_at < since else "seeds-kept")
    # A script that follows how much was sent goes there itself.
    return Response(headers={"HX-Redirect": done.headers["location"]}) if is_part(request) else done


@router.get("/seeds/{id}")
async def show_seeds(request: Request, caller: Visitor, seeds: SeedsPath, cursor: Cursor = None) -> Response:
    """A seed set: its columns, some of its rows, and what may be done with it."""
    return await _show(request, caller, seeds, cursor)


@router.get("/seeds/{id}/rows/{number}")
async def show_row(
    request: Request, caller: Visitor, seeds: SeedsPath, number: Annotated[int, Path(ge=1, le=2**53)]
) -> Response:
    """One row, whole. Its number counts from 1."""
    service = caller.service
    line = await service.store.read_seeds(caller.user, Digest(seeds))
    page = await library.read_rows(line.digest, caller.user, service.store, service.blobs, first=number - 1, limit=1)
    if not page.items:
        raise NotFoundError(f"There is no row {number:,}: the set has {line.rows:,}.")
    return render(request, "seeds/row.html", line=line, number=number, cells=row_texts(page.items[0], indent=2))


@router.post("/seeds/{id}/delete")
async def delete_seeds(request: Request, caller: Visitor, seeds: SeedsPath) -> Response:
    """Remove a set that none of the caller's jobs draws from, or say what holds it."""
    try:
        await caller.service.store.delete_seeds(caller.user, Digest(seeds))
    except InUseError as error:
        return await _show(request, caller, seeds, wrong=error)
    await caller.note("seeds.deleted", seeds)
    return go_to("/seeds", "seeds-deleted")


def _reading(split: str, encoding: str) -> SeedReading:
    if split.strip() and not (split.strip().isdecimal() and 0 < int(split) <= MOST_SPLIT):
        raise BadInputError(f"A passage has 1 to {MOST_SPLIT:,} characters: write a whole number, not {split!r}.")
    return reading_of(int(split) if split.strip() else PLAIN_READING.split, encoding.strip() or PLAIN_READING.encoding)


async def _list(
    request: Request, caller: Caller, cursor: str | None = None, refused: Refused | None = None
) -> Response:
    with refuse_stray():
        page = await caller.service.store.list_seeds(
            caller.user, limit=SETS_SHOWN, after=read_place("seeds", cursor, int)
        )
    return render(
        request,
        "seeds/list.html",
        status=status_of(refused.error) if refused else 200,
        sets=page.items,
        is_first=cursor is None,
        cursor=write_place("seeds", page.next),
        now=caller.service.clock.now(),
        most_bytes=library.UPLOAD_LIMITS.file_bytes,
        plain=PLAIN_READING,
        refused=refused,
    )


async def _refuse(request: Request, caller: Caller, refused: Refused) -> Response:
    if is_part(request):
        return render(request, "seeds/refused.html", status=status_of(refused.error), refused=refused)
    return await _list(request, caller, refused=refused)


async def _show(
    request: Request, caller: Caller, seeds: str, cursor: str | None = None, wrong: GristmillError | None = None
) -> Response:
    service = caller.service
    first = read_number("rows", cursor) or 0
    line = await service.store.read_seeds(caller.user, Digest(seeds))
    page = await library.read_rows(
        line.digest, caller.user, service.store, service.blobs, first=first, limit=ROWS_SHOWN
    )
    return render(
        request,
        "seeds/rows.html" if is_part(request) else "seeds/show.html",
        status=200 if wrong is None else status_of(wrong),
        line=line,
        page=page,
        rows=[row_texts(row) for row in page.items],
        cursor=None if page.next is None else write_cursor("rows", page.next),
        before=write_cursor("rows", max(0, first - ROWS_SHOWN)) if first else None,
        wrong=wrong,
        now=service.clock.now(),
    )
