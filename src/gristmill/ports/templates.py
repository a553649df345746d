"""Where a user's templates are kept."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gristmill.domain.template import TemplateVersion


class TemplateStore(Protocol):
    """Templates by name and version. A version never changes and never goes.

    Any verb may raise StoreBusyError and StorageFullError, as those of JobStore.
    """

    async def add_template(self, name: str, source: str, pins: Mapping[str, int]) -> TemplateVersion:
        """Keep the source as the name's next version, or return its newest if that is the same with the same pins.

        Two that add at once get two versions, or one if they add the same.
        """
        ...

    async def read_template(self, name: str, version: int | None = None) -> TemplateVersion:
        """That version, or the newest. Raises NotFoundError."""
        ...

    async def list_templates(self) -> Sequence[TemplateVersion]:
        """The newest version of each name, by name."""
        ...

    async def template_history(self, name: str) -> Sequence[TemplateVersion]:
        """Every version of a name, newest first; none for a name that nobody kept."""
        ...
