"""The store's verbs for users' templates and seed sets."""

from collections.abc import Sequence
from datetime import datetime

from gristmill.adapters.sql import seed_sets, template_lists, templates, uploads
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.ids import Digest, TemplateId, UploadId, UserId
from gristmill.domain.paging import Page, Place
from gristmill.domain.seeds import SeedSet, SeedUpload
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion
from gristmill.ports.templates import TemplateQuery


class TemplateVerbs(Connected):
    """`ports.templates.TemplateStore`; what each verb promises stands there."""

    async def create_template(
        self, owner: UserId, template: TemplateId, draft: TemplateDraft, origin: TemplateRef | None = None
    ) -> TemplateVersion:
        return await self._write(templates.create_template, owner, template, draft, origin)

    async def push_template(self, owner: UserId, template: TemplateId, draft: TemplateDraft) -> TemplateVersion:
        return await self._write(templates.push_template, owner, template, draft)

    async def add_version(self, owner: UserId, template: TemplateId, draft: TemplateDraft) -> TemplateVersion:
        return await self._write(templates.add_version, owner, template, draft)

    async def read_template(self, owner: UserId, template: TemplateId) -> Template:
        return await self._read(templates.read_template, owner, template)

    async def find_template(self, owner: UserId, name: str) -> Template:
        return await self._read(templates.find_template, owner, name)

    async def read_version(self, owner: UserId, template: TemplateId, version: int | None = None) -> TemplateVersion:
        return await self._read(templates.read_version, owner, template, version)

    async def read_history(
        self, owner: UserId, template: TemplateId, *, before: int | None = None, limit: int = 50
    ) -> Sequence[TemplateVersion]:
        return await self._read(templates.read_history, owner, template, before, limit)

    async def list_templates(self, owner: UserId, query: TemplateQuery) -> Page[Template]:
        return await self._read(template_lists.list_templates, owner, query)

    async def list_public_templates(self, query: TemplateQuery) -> Page[Template]:
        return await self._read(template_lists.list_public_templates, query)

    async def archive_template(self, owner: UserId, template: TemplateId, *, archived: bool) -> Template:
        return await self._write(templates.archive_template, owner, template, archived)

    async def publish_template(self, owner: UserId, template: TemplateId, *, published: bool) -> Template:
        return await self._write(templates.publish_template, owner, template, published)

    async def delete_template(self, owner: UserId, template: TemplateId) -> None:
        await self._write(templates.delete_template, owner, template)


class SeedsVerbs(Connected):
    """`ports.seeds.SeedsStore`; what each verb promises stands there."""

    async def add_seeds(self, seeds: SeedSet) -> SeedSet:
        return await self._write(seed_sets.add_seeds, seeds)

    async def read_seeds(self, owner: UserId, digest: Digest) -> SeedSet:
        return await self._read(seed_sets.read_seeds, owner, digest)

    async def list_seeds(self, owner: UserId, *, limit: int = 50, after: Place | None = None) -> Page[SeedSet]:
        return await self._read(seed_sets.list_seeds, owner, limit, after)

    async def delete_seeds(self, owner: UserId, digest: Digest) -> None:
        await self._write(seed_sets.delete_seeds, owner, digest)

    async def condemn_seeds(self, digest: Digest) -> bool:
        return await self._write(seed_sets.condemn_seeds, digest)

    async def list_condemned_seeds(self) -> Sequence[Digest]:
        return await self._read(seed_sets.list_condemned_seeds)

    async def forget_seeds(self, digest: Digest) -> None:
        await self._write(seed_sets.forget_seeds, digest)

    async def add_upload(self, upload: SeedUpload) -> None:
        await self._write(uploads.add_upload, upload)

    async def read_upload(self, owner: UserId, upload: UploadId) -> SeedUpload:
        return await self._read(uploads.read_upload, owner, upload)

    async def end_upload(self, upload: UploadId) -> None:
        await self._write(uploads.end_upload, upload)

    async def list_expired_uploads(self, before: datetime, *, limit: int = 50) -> Sequence[SeedUpload]:
        return await self._read(uploads.list_expired_uploads, before, limit)


class LibraryVerbs(TemplateVerbs, SeedsVerbs):
    """Both."""
