"""Keeping templates, and taking from them what another one includes."""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from gristmill.domain.template import TemplateVersion
from gristmill.errors import InvalidTemplateError, NotFoundError
from gristmill.library.references import Reference, pin, references_in
from gristmill.ports.templates import TemplateStore
from gristmill.recipes import check_template, read_outline
from gristmill.recipes.composition import Fragment

# A template and the fragments behind it are one source of bounded size; this bounds what is looked up for it.
MAX_FRAGMENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A template as it was kept; `is_new` is false when its newest version was the same already."""

    version: TemplateVersion
    is_new: bool


async def keep_template(source: str, store: TemplateStore) -> Kept:
    """Keep a template as the next version of its name, its references without a version pinned to the newest.

    Raises InvalidTemplateError.
    """
    check_template(await with_fragments(source, store))
    name = read_outline(source).name
    before = await store.template_history(name)
    version = await store.add_template(name, source, await _pins(source, store))
    return Kept(version=version, is_new=version.version not in {one.version for one in before})


async def with_fragments(source: str, store: TemplateStore) -> str:
    """The source with the fragments it takes from the library as documents behind it: nothing is looked up later.

    A reference that leads nowhere stays as it is, for the compiler to name with its place. Raises InvalidTemplateError
    for a template that lends nothing.
    """
    behind = read_outline(source).behind
    waiting = [one for one in references_in(source) if one.name not in behind]
    found: dict[tuple[str, int], Fragment] = {}
    while waiting and len(found) < MAX_FRAGMENTS:
        version = await _find(waiting.pop(), store)
        if version is not None and (version.name, version.version) not in found:
            fragment = _lent(version)
            found[version.name, version.version] = fragment
            waiting += references_in(fragment.source)
    return source if not found else "".join([_ended(source), *map(_document, found.values())])


async def _pins(source: str, store: TemplateStore) -> Mapping[str, int]:
    loose = (one for one in references_in(source) if one.version is None)
    found = [await _find(one, store) for one in loose]
    return {one.name: one.version for one in found if one is not None}


async def _find(reference: Reference, store: TemplateStore) -> TemplateVersion | None:
    try:
        return await store.read_template(reference.name, reference.version)
    except NotFoundError:
        return None


def _lent(version: TemplateVersion) -> Fragment:
    text = pin(read_outline(version.source).fragment, version.pins)
    if not text:
        raise InvalidTemplateError(f"The template {version.name!r} lends nothing: it has no `fragment`.")
    return Fragment(name=version.name, version=version.version, source=text)


def _ended(source: str) -> str:
    return source if source.endswith("\n") else f"{source}\n"


def _document(fragment: Fragment) -> str:
    fields = {"name": fragment.name, "version": fragment.version, "fragment": fragment.source}
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=10_000)}"
