"""What a user does with templates: keep, fork, publish and put away; what only reads them is a verb of the store."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gristmill.domain.ids import TemplateId, UserId
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion
from gristmill.errors import Finding, InUseError, NotFoundError, WrongStateError
from gristmill.library.completing import complete_source, complete_version
from gristmill.library.renaming import rename_source
from gristmill.ports.templates import TemplateStore
from gristmill.recipes import lint_template, read_outline, refusal_of
from gristmill.recipes.document import MAX_SOURCE_BYTES

# `Renderer.lint` where nobody vouches for the source.
Lint: TypeAlias = Callable[[str], Awaitable[Sequence[Finding]]]

ID_BITS = 64
FORK_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A template as it was kept; `is_new` is false when its newest version was the same already."""

    version: TemplateVersion
    is_new: bool


def new_template_id(chance: random.Random) -> TemplateId:
    """An id that says nothing and that nobody guesses, given chance that nobody does."""
    return TemplateId(f"{chance.getrandbits(ID_BITS):016x}")


async def lint_here(source: str) -> Sequence[Finding]:
    """What is wrong with a source that its own author reads, found in this process."""
    return lint_template(source)


async def draft_template(source: str, owner: UserId, store: TemplateStore, lint: Lint) -> TemplateDraft:
    """The source ready to be kept, each reference pinned to what it means for the owner now.

    Raises InvalidTemplateError with all that `lint` finds.
    """
    if len(source) > MAX_SOURCE_BYTES:
        # Found at a glance, and nothing else is.
        raise refusal_of(lint_template(source))
    completed = await complete_source(source, owner, store)
    found = await lint(completed.source)
    if any(finding.severity == "error" for finding in found):
        raise refusal_of(found)
    outline = read_outline(source)
    return TemplateDraft(name=outline.name, description=outline.description, source=source, pins=completed.pins)


async def keep_template(source: str, owner: UserId, store: TemplateStore, *, lint: Lint, chance: random.Random) -> Kept:
    """Keep a template as the next version of its name, whether the owner has one of that name or not.

    Raises InvalidTemplateError.
    """
    draft = await draft_template(source, owner, store, lint)
    before = await _newest(draft.name, owner, store)
    version = await store.push_template(owner, new_template_id(chance), draft)
    return Kept(version=version, is_new=version.ref != before)


async def create_template(
    source: str, owner: UserId, store: TemplateStore, *, lint: Lint, chance: random.Random
) -> TemplateVersion:
    """Keep a new template. Raises InvalidTemplateError, and InUseError when the owner has one of that name."""
    draft = await draft_template(source, owner, store, lint)
    return await store.create_template(owner, new_template_id(chance), draft)


async def add_version(
    template: TemplateId, source: str, owner: UserId, store: TemplateStore, *, lint: Lint
) -> TemplateVersion:
    """Keep the next version of an own template; the newest again makes none.

    Raises NotFoundError, InvalidTemplateError, and WrongStateError when the source has another name.
    """
    await read_own(template, owner, store)
    return await store.add_version(owner, template, await draft_template(source, owner, store, lint))


async def read_own(template: TemplateId, owner: UserId, store: TemplateStore) -> Template:
    """A template of the owner's. Raises NotFoundError for anybody else's, public or not."""
    found = await store.read_template(owner, template)
    if found.owner != owner:
        raise NotFoundError(f"There is no template {template}.")
    return found


async def fork_template(
    origin: TemplateId, version: int | None, owner: UserId, store: TemplateStore, *, chance: random.Random
) -> TemplateVersion:
    """A template of the owner's own from a version, or the newest, of an own or public one, under a free name.

    Nothing but its name differs from what it was forked from. Raises NotFoundError, and InvalidTemplateError when it
    takes from a template that the owner may not read.
    """
    source = await store.read_version(owner, origin, version)
    await complete_version(source, owner, store)
    key = new_template_id(chance)
    for number in range(1, FORK_NAMES + 1):
        try:
            return await store.create_template(owner, key, _forked(source, number), source.ref)
        except InUseError:
            continue
    raise InUseError(f"You have {FORK_NAMES} forks of {source.name!r} already. Delete one, or give one another name.")


def _forked(version: TemplateVersion, number: int) -> TemplateDraft:
    source = version.source if number == 1 else rename_source(version.source, f"{version.name[:60]}-{number}")
    outline = read_outline(source)
    return TemplateDraft(name=outline.name, description=outline.description, source=source, pins=version.pins)


async def publish_template(template: TemplateId, owner: UserId, store: TemplateStore) -> Template:
    """Let everybody read all versions of an own template.

    Raises NotFoundError, and WrongStateError when the newest takes from one that not everybody may read.
    """
    newest = await store.read_version(owner, (await read_own(template, owner, store)).id)
    private = [name for name, ref in newest.pins.items() if not await _is_public(ref, owner, store)]
    if private:
        raise WrongStateError(
            f"{newest.name!r} takes from {', '.join(private)}, which is not public: publish it first."
        )
    return await store.publish_template(owner, template, published=True)


async def _is_public(ref: TemplateRef, owner: UserId, store: TemplateStore) -> bool:
    try:
        return (await store.read_template(owner, ref.template)).published_at is not None
    except NotFoundError:
        return False


async def _newest(name: str, owner: UserId, store: TemplateStore) -> TemplateRef | None:
    try:
        found = await store.find_template(owner, name)
    except NotFoundError:
        return None
    return TemplateRef(template=found.id, version=found.newest) if found.owner == owner else None
