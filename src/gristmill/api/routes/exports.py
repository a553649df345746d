"""Exports: asked for, made at once when small and in the background when large, and downloaded."""

import base64
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute
from gristmill.api.paging import Page
from gristmill.api.problems import problem_responses
from gristmill.api.routes.jobs import ReadJob, WrittenJob
from gristmill.api.service import Reader, Writer
from gristmill.api.shapes import ExportIn, ExportShape
from gristmill.domain.export import Export, ExportFile, ExportWish
from gristmill.domain.ids import ExportId
from gristmill.domain.json import JsonObject
from gristmill.errors import NotFoundError, WrongStateError
from gristmill.jobs.export_files import ask_for_export, find_export
from gristmill.jobs.report import time_json
from gristmill.wiring.chance import new_chance
from gristmill.wiring.threads import run_apart

router = APIRouter(tags=["exports"], route_class=IdempotentRoute)

BYTES = {"schema": {"type": "string", "format": "binary"}}
ONE_RANGE = r"^bytes=([0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})$"

Part = Annotated[
    str | None,
    Header(alias="Range", pattern=ONE_RANGE, description="One range of bytes, as in `bytes=1000-`."),
]
ExportPath = Annotated[str, Path(alias="id", max_length=64, description="The export's id.")]


@router.post(
    "/jobs/{id}/exports", response_model=ExportShape, status_code=201, responses=problem_responses(401, 403, 404, 409)
)
async def create_export(job: WrittenJob, wish: ExportIn, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Ask for the records as they stand now, whatever ended the job or whether anything has."""
    ports = await caller.service.job_ports(caller.user)
    wanted = ExportWish(format=wish.format, split=wish.split, partition_by=wish.partition_by, lineage=wish.lineage)
    # Even a small one takes a processor for a while.
    export = await run_apart(ask_for_export(ports, job, wanted, chance=new_chance()))
    await caller.note("export.created", export.id, job=job.id, format=wanted.format)
    return export_json(export)


@router.get("/jobs/{id}/exports", response_model=Page[ExportShape], responses=problem_responses(401, 403, 404))
async def list_exports(job: ReadJob, caller: Reader) -> JsonObject:
    """The exports of a job, newest first: the last 200."""
    exports = await caller.service.store.list_exports(job.id)
    return {"items": [export_json(export) for export in exports], "next_cursor": None}


def export_json(export: Export) -> JsonObject:
    """The shape of an export."""
    wish, file = export.wish, export.file
    return {
        "id": export.id,
        "job": export.job,
        "format": wish.format,
        "split": dict(wish.split) if wish.split else None,
        "partition_by": wish.partition_by,
        "lineage": wish.lineage,
        "status": export.status,
        "detail": export.detail,
        "name": file.name if file else None,
        "records": file.records if file else None,
        "bytes": file.bytes if file else None,
        "sha256": file.sha256 if file else None,
        "created_at": time_json(export.created_at),
        "finished_at": time_json(export.finished_at),
    }


@router.get(
    "/exports/{id}/download",
    response_class=FileResponse,
    responses={
        **problem_responses(401, 403, 404, 409, 416),
        200: {"description": "The file, of the kind that its name says.", "content": {"*/*": BYTES}},
        206: {"description": "The part of the file that `Range` asks for.", "content": {"*/*": BYTES}},
    },
)
async def download_export(caller: Reader, export: ExportPath, part: Part = None) -> Response:
    """The file of an export that is done; a part of it where a `Range` is asked for."""
    found = await find_export(caller.service.store, caller.user, ExportId(export))
    if found.file is None:
        raise WrongStateError(f"Export {export} is {found.status}: wait until it is done. {found.detail}".strip())
    path = caller.service.blobs.path_of(found.file.blob)
    if path is None or not await caller.service.blobs.exists(found.file.blob):
        raise NotFoundError(f"The file of export {export} is gone: ask for it again.")
    if part is not None:
        _refuse_missing(part, found.file.bytes)
    return FileResponse(path, filename=found.file.name, headers={"Repr-Digest": _digest(found.file)})


def _refuse_missing(part: str, size: int) -> None:
    """Refuse a range of which the file has nothing, before the response would in plain text."""
    first, _, last = part.removeprefix("bytes=").partition("-")
    is_there = int(first) < size and (not last or int(first) <= int(last)) if first else min(int(last), size) > 0
    if not is_there:
        detail = f"The file has {size:,} bytes, and none of those."
        raise HTTPException(416, detail, headers={"Content-Range": f"bytes */{size}"})


def _digest(file: ExportFile) -> str:
    """The digest of the whole file, as RFC 9530 writes it."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:"
