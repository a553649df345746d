"""Where templates are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gristmill.domain.ids import TemplateId, UserId
from gristmill.domain.paging import Page, Place
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion

TemplateOrder = Literal["name", "changed", "published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateQuery:
    """Which templates a list has: by name, or the last changed or published first.

    `text` is looked for in names and descriptions, whatever the case, and taken literally.
    """

    by: TemplateOrder = "name"
    text: str = ""
    with_archived: bool = False
    limit: int = 50
    after: Place | None = None


class TemplateStore(Protocol):
    """Templates of owners, each with versions that count from 1 and never change.

    Every verb is for `owner`: what another user has and did not publish does not exist, and NotFoundError is raised.
    Any verb may raise StoreBusyError and StorageFullError, as those of JobStore.
    """

    async def create_template(
        self, owner: UserId, template: TemplateId, draft: TemplateDraft, origin: TemplateRef | None = None
    ) -> TemplateVersion:
        """Keep version 1 of a new template under this id; the same id again returns what it has.

        Of two that take a name at once one wins. Raises InUseError when the owner has a template of that name.
        """
        ...

    async def push_template(self, owner: UserId, template: TemplateId, draft: TemplateDraft) -> TemplateVersion:
        """Keep the next version of the owner's template of the draft's name, or a new template, under this id.

        The newest source again, with the same pins, makes no version: the newest is returned.
        """
        ...

    async def add_version(self, owner: UserId, template: TemplateId, draft: TemplateDraft) -> TemplateVersion:
        """Keep the next version of an own template, or return the newest as `push_template` does.

        Raises NotFoundError, and WrongStateError when the draft has another name.
        """
        ...

    async def read_template(self, owner: UserId, template: TemplateId) -> Template:
        """An own template, or one that somebody published. Raises NotFoundError."""
        ...

    async def find_template(self, owner: UserId, name: str) -> Template:
        """The template that a name means: the owner's, or else the first published of those that are not archived.

        Raises NotFoundError.
        """
        ...

    async def read_version(self, owner: UserId, template: TemplateId, version: int | None = None) -> TemplateVersion:
        """That version, or the newest, of what `read_template` reads. Raises NotFoundError."""
        ...

    async def read_history(
        self, owner: UserId, template: TemplateId, *, before: int | None = None, limit: int = 50
    ) -> Sequence[TemplateVersion]:
        """The versions below `before`, newest first, of what `read_template` reads. Raises NotFoundError."""
        ...

    async def list_templates(self, owner: UserId, query: TemplateQuery) -> Page[Template]:
        """The owner's templates. Raises BadInputError for a place that is none of this list."""
        ...

    async def list_public_templates(self, query: TemplateQuery) -> Page[Template]:
        """What users published and did not archive. Raises BadInputError for a place that is none of this list."""
        ...

    async def archive_template(self, owner: UserId, template: TemplateId, *, archived: bool) -> Template:
        """Put an own template away, or take it out again; nothing else about it changes. Raises NotFoundError."""
        ...

    async def publish_template(self, owner: UserId, template: TemplateId, *, published: bool) -> Template:
        """Let everybody read all versions of an own template, or nobody; one that is public keeps its time.

        Raises NotFoundError.
        """
        ...

    async def delete_template(self, owner: UserId, template: TemplateId) -> None:
        """Remove an own template with its versions.

        Raises NotFoundError, and InUseError, which gives their number, when anybody's jobs were made from it.
        """
        ...
