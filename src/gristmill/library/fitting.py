"""Which of a user's templates a seed set fits, told from its first rows: a full check is of one template."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gristmill.datasets import check_seeds
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.json import JsonObject
from gristmill.domain.template import Template
from gristmill.errors import Finding, InvalidTemplateError
from gristmill.library.completing import complete_version
from gristmill.library.seeds import read_rows
from gristmill.ports.blobs import Blobs
from gristmill.ports.seeds import SeedsStore
from gristmill.ports.templates import TemplateQuery, TemplateStore
from gristmill.recipes import Recipe, compile_template, read_outline

MOST_TEMPLATES = 20
FIRST_ROWS = 1000

# `takes-none`: nothing of the template reads a seed. `broken`: it does not compile any more.
Standing = Literal["fits", "lacks", "takes-none", "broken"]


class Library(TemplateStore, SeedsStore, Protocol):
    """Where templates and the lines of seed sets are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a template stands to the rows that were looked at, given to it as its seeds of that name."""

    template: Template
    name: str = ""
    standing: Standing
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """Those that fit first. `rows` were looked at; `has_more` says that there are templates that were not."""

    items: Sequence[Fit]
    rows: int
    has_more: bool


async def find_fits(digest: Digest, owner: UserId, store: Library, blobs: Blobs) -> Fits:
    """How the templates that the owner changed last stand to a set's first rows. Raises NotFoundError."""
    page = await read_rows(digest, owner, store, blobs, limit=FIRST_ROWS)
    templates = await store.list_templates(owner, TemplateQuery(by="changed", limit=MOST_TEMPLATES))
    found: list[Fit] = []
    for template in templates.items:
        source = await _source_of(template, owner, store)
        found += await asyncio.to_thread(_fits_of, template, source, page.items)
    found.sort(key=lambda fit: fit.standing != "fits")
    return Fits(items=found, rows=len(page.items), has_more=templates.next is not None)


def names_of(recipe: Recipe) -> Sequence[str]:
    """The names of the seeds that a recipe takes; the one that slots go through is named ""."""
    # Without columns, whole rows are read; with none at all, no row is.
    takes_rows = recipe.seed_columns is None or recipe.seed_columns or recipe.seed_schema is not None
    return [*([""] if takes_rows else []), *recipe.set_fields]


async def _source_of(template: Template, owner: UserId, store: TemplateStore) -> str:
    version = await store.read_version(owner, template.id)
    try:
        return await complete_version(version, owner, store)
    except InvalidTemplateError:
        return version.source


def _fits_of(template: Template, source: str, rows: Sequence[JsonObject]) -> list[Fit]:
    # What lends text to others is no template to make records by.
    return [] if read_outline(source).fragment else list(_compiled_fits(template, source, rows))


def _compiled_fits(template: Template, source: str, rows: Sequence[JsonObject]) -> Iterator[Fit]:
    try:
        recipe = compile_template(source)
    except InvalidTemplateError:
        yield Fit(template=template, standing="broken")
        return
    names = names_of(recipe)
    if not names:
        yield Fit(template=template, standing="takes-none")
    for name in names:
        found = check_seeds(rows, recipe.set_fields[name] if name else recipe.seed_fields, limit=1)
        yield Fit(template=template, name=name, standing="lacks" if found else "fits", findings=found[:1])
