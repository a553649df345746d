"""Exports asked for and downloaded, by the API and by the pages alike."""

import base64

from fastapi import Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from gristmill.domain.export import Export, ExportFile, ExportWish
from gristmill.domain.ids import ExportId
from gristmill.domain.job import Job
from gristmill.errors import NotFoundError, WrongStateError
from gristmill.jobs.export_files import ask_for_export, find_export
from gristmill.server.caller import Caller
from gristmill.wiring.chance import new_chance
from gristmill.wiring.threads import run_apart

# One range of bytes; of several none is answered.
ONE_RANGE = r"^bytes=([0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})$"


async def order_export(caller: Caller, job: Job, wish: ExportWish) -> Export:
    """The records as they stand now, made at once where they are few. Raises what `ask_for_export` raises."""
    ports = await caller.service.job_ports(caller.user)
    # Even a small one takes a processor for a while.
    export = await run_apart(ask_for_export(ports, job, wish, chance=new_chance()))
    await caller.note("export.created", export.id, job=job.id, format=wish.format)
    return export


async def send_export(caller: Caller, export_id: ExportId, part: str | None) -> Response:
    """The file of an export that is done, or the part of it that a `Range` asks for.

    Raises NotFoundError, and WrongStateError for one that is not done.
    """
    blobs = caller.service.blobs
    found = await find_export(caller.service.store, caller.user, export_id)
    if found.file is None:
        raise WrongStateError(f"Export {export_id} is {found.status}: wait until it is done. {found.detail}".strip())
    path = blobs.path_of(found.file.blob)
    if path is None or not await blobs.exists(found.file.blob):
        raise NotFoundError(f"The file of export {export_id} is gone: ask for it again.")
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
