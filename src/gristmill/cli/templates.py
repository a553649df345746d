"""`gristmill templates`: the library that templates are kept in, and take fragments from."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from gristmill.cli.boundary import about
from gristmill.cli.options import read_template
from gristmill.cli.terminal import OUT, say, write_table
from gristmill.domain.ids import LOCAL
from gristmill.domain.template import TemplateVersion
from gristmill.errors import BadInputError, NotFoundError
from gristmill.library.references import Reference
from gristmill.library.templates import keep_template, lint_here
from gristmill.ports.templates import TemplateQuery, TemplateStore
from gristmill.recipes import read_outline
from gristmill.wiring.library import open_library
from gristmill.wiring.settings import read_settings


async def list_templates() -> None:
    """List the templates of the library.

    Example: gristmill templates list
    """
    async with open_library(read_settings()) as library:
        kept = [version async for version in _newest(library)]
    if kept:
        write_table(_listed(kept))
    else:
        say("No templates are kept yet. Keep one: gristmill templates push FILE")


async def push_template(file: Path, /) -> None:
    """Keep a template as the next version of its name; the same source again makes none.

    Example: gristmill templates push templates/support-qa.yaml

    Parameters
    ----------
    file
        The template file.
    """
    with about(file):
        source = read_template(file)
        async with open_library(read_settings()) as library:
            chance = random.SystemRandom()
            kept = await keep_template(source, LOCAL, library, lint=lint_here, chance=chance)
    name = f"{kept.version.name}@{kept.version.version}"
    say(f"✓ Kept as {name}." if kept.is_new else f"Nothing is new: it is kept as {name}.", style="green")


async def pull_template(reference: str, file: Path | None = None, /) -> None:
    """Print a kept template, or write it to a file, byte for byte as it was given.

    Example: gristmill templates pull support-qa@2 mine.yaml

    Parameters
    ----------
    reference
        A name, or NAME@VERSION; without a version the newest.
    file
        Where to write it; a file that is there is not replaced.
    """
    asked = _reference(reference)
    async with open_library(read_settings()) as library:
        template = await library.find_template(LOCAL, asked.name)
        kept = await library.read_version(LOCAL, template.id, asked.version)
    if file is None:
        OUT.file.write(kept.source)
        return
    try:
        with file.open("x", encoding="utf-8", newline="") as new:
            new.write(kept.source)
    except FileExistsError as error:
        raise BadInputError(f"{file} is there already. Choose another name, or remove it.") from error
    except OSError as error:
        raise BadInputError(f"{file} cannot be written: {error.strerror}.") from error
    say(f"✓ Wrote {kept.name}@{kept.version} to {file}.", style="green")


async def show_history(name: str, /) -> None:
    """List every version of a template, newest first.

    Example: gristmill templates history support-qa

    Parameters
    ----------
    name
        The template's name.
    """
    async with open_library(read_settings()) as library:
        kept = [version async for version in _history(library, name)]
    write_table(_listed(kept))


async def _newest(library: TemplateStore) -> AsyncIterator[TemplateVersion]:
    query: TemplateQuery | None = TemplateQuery(with_archived=True)
    while query is not None:
        page = await library.list_templates(LOCAL, query)
        for template in page.items:
            yield await library.read_version(LOCAL, template.id)
        query = replace(query, after=page.next) if page.next else None


async def _history(library: TemplateStore, name: str) -> AsyncIterator[TemplateVersion]:
    try:
        template = await library.find_template(LOCAL, name)
    except NotFoundError as error:
        raise NotFoundError(f"No template {name!r} is kept. See: gristmill templates list") from error
    before = None
    while kept := await library.read_history(LOCAL, template.id, before=before):
        for version in kept:
            yield version
        before = kept[-1].version


def _listed(kept: Sequence[TemplateVersion]) -> Table:
    table = Table("template", "version", "kept at (UTC)", "lends", "takes from", box=None, pad_edge=False)
    for one in kept:
        lends = "yes" if read_outline(one.source).fragment else ""
        pins = ", ".join(f"{name.partition('@')[0]}@{ref.version}" for name, ref in one.pins.items())
        table.add_row(one.name, str(one.version), f"{one.created_at:%Y-%m-%d %H:%M}", lends, pins)
    return table


def _reference(text: str) -> Reference:
    name, _, version = text.partition("@")
    if not version and "@" not in text:
        return Reference(name=name, version=None)
    if not version.isdecimal():
        raise BadInputError(f"{text!r} names no template. Write NAME or NAME@VERSION, such as support-qa@2.")
    return Reference(name=name, version=int(version))
