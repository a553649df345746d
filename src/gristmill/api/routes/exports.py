"""Exports: asked for, made at once when small and in the background when large, and downloaded."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import FileResponse

from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute
from gristmill.api.paging import Page
from gristmill.api.problems import problem_responses
from gristmill.api.routes.jobs import ReadJob, WrittenJob
from gristmill.api.service import Reader, Writer
from gristmill.api.shapes import ExportIn, ExportShape
from gristmill.domain.export import Export, ExportWish
from gristmill.domain.ids import ExportId
from gristmill.domain.json import JsonObject
from gristmill.jobs.report import time_json
from gristmill.server.exports import ONE_RANGE, order_export, send_export

router = APIRouter(tags=["exports"], route_class=IdempotentRoute)

BYTES = {"schema": {"type": "string", "format": "binary"}}

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
    wanted = ExportWish(
        format=wish.format, split=wish.split, partition_by=wish.partition_by, lineage=wish.lineage, marks=wish.marks
    )
    export = await order_export(caller, job, wanted)
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
        "marks": wish.marks,
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
    return await send_export(caller, ExportId(export), part)
