"""What a server does with seed sets whoever asks: keep a file that was sent, check rows, order rows of a model."""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import as_file
from pathlib import Path

from fastapi import UploadFile

from gristmill.datasets import SeedReading
from gristmill.domain.ids import Digest, JobId, TemplateId
from gristmill.domain.job import Job
from gristmill.domain.seeds import SeedSet
from gristmill.errors import Finding
from gristmill.library import seeds as library
from gristmill.library.completing import complete_version
from gristmill.library.starters import Starter, carried
from gristmill.recipes import Recipe, compile_template
from gristmill.server.caller import Caller
from gristmill.server.controls import order_job
from gristmill.server.orders import NamedOrder, request_of

COPIED_AT_ONCE = 1 << 20


async def keep_upload(file: UploadFile, reading: SeedReading, caller: Caller) -> SeedSet:
    """The caller's line for the rows of a file that was sent whole. Raises what `library.seeds.keep_file` does."""
    service = caller.service
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        path = Path(folder) / "upload"
        await asyncio.to_thread(_copy, file, path)
        brought = library.SeedFile(path=path, name=file.filename or "", reading=reading)
        return await library.keep_file(brought, caller.user, service.store, service.blobs, now=service.clock.now())


async def keep_examples(starter: Starter, caller: Caller) -> Mapping[str, str]:
    """Keep the rows that a starter is made for as the caller's: the ids of the sets by the names it gives them."""
    service, kept = caller.service, {}
    for name, path in starter.seeds.items():
        with as_file(carried(path)) as file:
            brought = library.SeedFile(path=file, name=file.name)
            line = await library.keep_file(brought, caller.user, service.store, service.blobs, now=service.clock.now())
        kept[name] = str(line.digest)
    return kept


async def read_recipe(template: str, caller: Caller, version: int | None = None) -> Recipe:
    """The recipe of a kept template that the caller may read. Raises NotFoundError and InvalidTemplateError."""
    store = caller.service.store
    found = await store.read_version(caller.user, TemplateId(template), version)
    source = await complete_version(found, caller.user, store)
    return await asyncio.to_thread(compile_template, source)


async def check_rows(seeds: str, recipe: Recipe, caller: Caller, name: str = "") -> Sequence[Finding]:
    """What all rows of a set lack of what a recipe needs of its seeds of that name. Raises what `check_set` does."""
    service = caller.service
    return await library.check_set(Digest(seeds), recipe, caller.user, service.store, service.blobs, name=name)


async def order_rows(order: NamedOrder, caller: Caller, *, job: JobId | None = None) -> Job:
    """A queued job whose accepted records become a seed set. Raises what `create_job` does, and NotFoundError."""
    request = replace(await request_of(order, caller, job=job), kind="seeds")
    return await order_job(caller, request)


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("wb") as copy:
        shutil.copyfileobj(file.file, copy, COPIED_AT_ONCE)
