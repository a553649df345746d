"""The store's verbs for a user's templates and seed sets."""

from collections.abc import Mapping, Sequence

from gristmill.adapters.sql import templates
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.template import TemplateVersion


class LibraryVerbs(Connected):
    """`ports.templates.TemplateStore`; what each verb promises stands there."""

    async def add_template(self, name: str, source: str, pins: Mapping[str, int]) -> TemplateVersion:
        return await self._write(templates.add_template, name, source, pins)

    async def read_template(self, name: str, version: int | None = None) -> TemplateVersion:
        return await self._read(templates.read_template, name, version)

    async def list_templates(self) -> Sequence[TemplateVersion]:
        return await self._read(templates.list_templates)

    async def template_history(self, name: str) -> Sequence[TemplateVersion]:
        return await self._read(templates.template_history, name)
