"""Finding what a template takes from the library, and what that takes in turn, as one owner may read it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.domain.ids import UserId
from gristmill.domain.template import TemplateRef, TemplateVersion
from gristmill.errors import Finding, InvalidTemplateError, NotFoundError
from gristmill.library.references import Reference, references_in
from gristmill.ports.templates import TemplateStore
from gristmill.recipes import read_outline
from gristmill.recipes.findings import Code

# A template and the fragments behind it are one source of bounded size; these bound what is looked up for it, of which
# only the fragments come along.
MAX_FRAGMENTS = 64
MAX_LOOKED_THROUGH = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A fragment as it was kept, and what each reference in it means; one that leads nowhere is not there."""

    version: TemplateVersion
    text: str
    takes: Mapping[Reference, TemplateRef]


@dataclass(slots=True, kw_only=True)
class Gathering:
    """What was found so far, for one owner."""

    owner: UserId
    store: TemplateStore
    found: dict[TemplateRef, Lent] = field(default_factory=dict)
    characters: int = 0

    async def take(
        self, text: str, pins: Mapping[str, TemplateRef], *, besides: frozenset[str] = frozenset()
    ) -> Mapping[Reference, TemplateRef]:
        """What each reference in a text means, with all that is behind it found; names in `besides` mean nothing here.

        A pin means what it did for ever. Raises InvalidTemplateError when that cannot be read any more, when what is
        named lends nothing, and when it all becomes too much.
        """
        means = await self._resolve(text, pins, besides)
        waiting = list(means.items())
        while waiting:
            reference, ref = waiting.pop()
            if ref not in self.found:
                self.found[ref] = lent = await self._lend(reference, ref)
                waiting += lent.takes.items()
        return means

    async def _resolve(
        self, text: str, pins: Mapping[str, TemplateRef], besides: frozenset[str] = frozenset()
    ) -> Mapping[Reference, TemplateRef]:
        asked = [one for one in references_in(text) if one.name not in besides]
        means = {one: pins.get(str(one)) or await self._look_up(one) for one in asked}
        return {one: ref for one, ref in means.items() if ref is not None}

    async def _look_up(self, reference: Reference) -> TemplateRef | None:
        try:
            template = await self.store.find_template(self.owner, reference.name)
        except NotFoundError:
            return None
        version = template.newest if reference.version is None else reference.version
        return TemplateRef(template=template.id, version=version) if 1 <= version <= template.newest else None

    async def _lend(self, reference: Reference, ref: TemplateRef) -> Lent:
        version = await self._read(reference, ref)
        self.characters += len(version.source)
        if len(self.found) == MAX_FRAGMENTS or self.characters > MAX_LOOKED_THROUGH:
            raise refused(f"This takes from more than {MAX_FRAGMENTS} templates, or from too long ones.")
        # A moment's work for each, in which others need not wait.
        outline = await asyncio.to_thread(read_outline, version.source)
        if not outline.fragment:
            raise refused(f"The template {version.name!r} lends nothing: it has no `fragment`.")
        takes = await self._resolve(outline.fragment, version.pins)
        return Lent(version=version, text=outline.fragment, takes=takes)

    async def _read(self, reference: Reference, ref: TemplateRef) -> TemplateVersion:
        try:
            return await self.store.read_version(self.owner, ref.template, ref.version)
        except NotFoundError as error:
            words = f"The template {reference.name}@{ref.version}, which this takes from, was deleted or made private"
            raise refused(f"{words}. Take from another, or ask its owner to publish it again.") from error


def refused(message: str) -> InvalidTemplateError:
    """The refusal of a template for what it takes from others."""
    return InvalidTemplateError(message, [Finding(code=Code.UNKNOWN_TEMPLATE, message=message)])
