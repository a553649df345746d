"""A source made whole: what it takes from the library stands behind it, and nothing is looked up later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from gristmill.domain.ids import UserId
from gristmill.domain.template import TemplateRef, TemplateVersion
from gristmill.library.gathering import Gathering, Lent
from gristmill.library.references import Reference, rewrite
from gristmill.ports.templates import TemplateStore
from gristmill.recipes import read_outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A whole source, and what each reference of the one that was given means."""

    source: str
    pins: Mapping[str, TemplateRef] = field(default_factory=dict)


async def complete_source(
    source: str, owner: UserId, store: TemplateStore, pins: Mapping[str, TemplateRef] | None = None
) -> Completed:
    """The source with the fragments it takes, from the owner's templates or else from public ones, behind it.

    What `pins` name means that for ever; a name without one means the newest now. A reference that leads nowhere stays
    as it is, for the compiler to name with its place. Raises InvalidTemplateError, which names the template, where
    one lends nothing, or what was pinned cannot be read any more.
    """
    gathering = Gathering(owner=owner, store=store)
    behind = read_outline(source).behind
    means = await gathering.take(source, pins or {}, besides=behind)
    whole = "".join([_ended(source), *_documents(gathering.found, means, behind)]) if means else source
    return Completed(source=whole, pins={str(reference): ref for reference, ref in means.items()})


async def complete_version(version: TemplateVersion, owner: UserId, store: TemplateStore) -> str:
    """The whole source of a kept version for one who may read it: always the same, or else InvalidTemplateError."""
    return (await complete_source(version.source, owner, store, version.pins)).source


def _documents(
    found: Mapping[TemplateRef, Lent], means: Mapping[Reference, TemplateRef], behind: frozenset[str]
) -> Iterator[str]:
    names = _names(found, means, behind)
    for ref, lent in found.items():
        text = rewrite(lent.text, {reference: names[taken] for reference, taken in lent.takes.items()})
        yield _document(names[ref], text)


def _names(
    found: Mapping[TemplateRef, Lent], means: Mapping[Reference, TemplateRef], behind: frozenset[str]
) -> Mapping[TemplateRef, Reference]:
    """The name of each document: what the source calls it, and for the rest one that the source cannot mean."""
    # A name alone means the highest version behind it, so no other version of it may stand there.
    reserved = behind | {reference.name for reference in means if reference.version is None}
    names = {ref: Reference(name=reference.name, version=ref.version) for reference, ref in means.items()}
    taken = set(names.values())
    for ref, lent in found.items():
        if ref not in names:
            own = Reference(name=lent.version.name, version=ref.version)
            is_free = own not in taken and own.name not in reserved
            names[ref] = own if is_free else Reference(name=f"{own.name[:40]}-{ref.template}", version=ref.version)
            taken.add(names[ref])
    return names


def _ended(source: str) -> str:
    return source if source.endswith("\n") else f"{source}\n"


def _document(name: Reference, text: str) -> str:
    fields = {"name": name.name, "version": name.version, "fragment": text}
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=10_000)}"
