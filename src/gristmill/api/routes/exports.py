"""Exports: asked for, made at once when small and in the background when large, and downloaded."""

from typing import Annotated

from fastapi import APIRouter, Path

from gristmill.api.idempotency import IdempotencyKey, IdempotentRoute
from gristmill.api.paging import Page
from gristmill.api.problems import problem_responses
from gristmill.api.routes.jobs import ReadJob, WrittenJob
from gristmill.api.service import Reader, Writer
from gristmill.api.shapes import ExportIn, ExportShape
from gristmill.domain.export import Export, ExportWish
from gristmill.domain.json import JsonObject
from gristmill.jobs.export_files import ask_for_export
from gristmill.jobs.report import time_json
from gristmill.wiring.chance import new_chance

router = APIRouter(tags=["exports"], route_class=IdempotentRoute)

ExportPath = Annotated[str, Path(alias="id", max_length=64, description="The export's id.")]


@router.post(
    "/jobs/{id}/exports", response_model=ExportShape, status_code=201, responses=problem_responses(401, 403, 404, 409)
)
async def create(job: WrittenJob, wish: ExportIn, caller: Writer, _key: IdempotencyKey = None) -> JsonObject:
    """Ask for the records as they stand now, whatever ended the job or whether anything has."""
    ports = await caller.service.job_ports(caller.user)
    wanted = ExportWish(format=wish.format, split=wish.split, partition_by=wish.partition_by, lineage=wish.lineage)
    return export_json(await ask_for_export(ports, job, wanted, chance=new_chance()))


@router.get("/jobs/{id}/exports", response_model=Page[ExportShape], responses=problem_responses(401, 403, 404))
async def list_all(job: ReadJob, caller: Reader) -> JsonObject:
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
