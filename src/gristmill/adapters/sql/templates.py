"""The rows of templates: kept, read by those who may, published, put away and removed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, or_, select, update

from gristmill.adapters.sql.rows import Columns, encode_time
from gristmill.adapters.sql.tables import jobs, template_versions, templates
from gristmill.adapters.sql.template_rows import (
    decode_template,
    decode_version,
    encode_template,
    encode_version,
    told_columns,
)
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import TemplateId, UserId
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion
from gristmill.errors import InUseError, NotFoundError, WrongStateError

_VERSIONS = select(template_versions, templates.c.name).join(templates, templates.c.id == template_versions.c.template)
MOST_VERSION = 2**31 - 1


def create_template(
    tx: Transaction, owner: UserId, key: TemplateId, draft: TemplateDraft, origin: TemplateRef | None
) -> TemplateVersion:
    """See TemplateStore."""
    named = _row(tx, templates.c.owner == owner, templates.c.name == draft.name)
    if named is not None and named["id"] != key:
        raise InUseError(f"You have a template {draft.name!r} already. Make a version of it, or choose another name.")
    return _newest(tx, key) if named is not None else _begin(tx, owner, key, draft, origin)


def push_template(tx: Transaction, owner: UserId, key: TemplateId, draft: TemplateDraft) -> TemplateVersion:
    """See TemplateStore."""
    named = _row(tx, templates.c.owner == owner, templates.c.name == draft.name)
    return _begin(tx, owner, key, draft, None) if named is None else _go_on(tx, named["id"], draft)


def add_version(tx: Transaction, owner: UserId, key: TemplateId, draft: TemplateDraft) -> TemplateVersion:
    """See TemplateStore."""
    name = _own(tx, owner, key).name
    if draft.name != name:
        raise WrongStateError(f"The template is called {name!r}: keep its name, or make another template.")
    return _go_on(tx, key, draft)


def read_template(tx: Transaction, owner: UserId, key: TemplateId) -> Template:
    """See TemplateStore."""
    return decode_template(_found(_row(tx, templates.c.id == key, _may_read(owner)), key))


def find_template(tx: Transaction, owner: UserId, name: str) -> Template:
    """See TemplateStore."""
    found = _row(tx, templates.c.owner == owner, templates.c.name == name) or _public_named(tx, name)
    return decode_template(_found(found, name))


def read_version(tx: Transaction, owner: UserId, key: TemplateId, version: int | None) -> TemplateVersion:
    """See TemplateStore."""
    template = read_template(tx, owner, key)
    wanted = template.newest if version is None else version
    if not 1 <= wanted <= template.newest:
        raise NotFoundError(f"There is no template {template.name}@{wanted}.")
    return _version(tx, key, wanted)


def read_history(
    tx: Transaction, owner: UserId, key: TemplateId, before: int | None, limit: int
) -> Sequence[TemplateVersion]:
    """See TemplateStore."""
    read_template(tx, owner, key)
    asked = _VERSIONS.where(template_versions.c.template == key)
    if before is not None:
        asked = asked.where(template_versions.c.version < min(before, MOST_VERSION))
    rows = tx.connection.execute(asked.order_by(template_versions.c.version.desc()).limit(limit))
    return [decode_version(row) for row in rows.mappings()]


def archive_template(tx: Transaction, owner: UserId, key: TemplateId, archived: bool) -> Template:  # noqa: FBT001
    """See TemplateStore."""
    is_archived = _own(tx, owner, key).archived_at is not None
    if archived is not is_archived:
        _write(tx, key, {"archived_at": encode_time(tx.now) if archived else None})
    return _own(tx, owner, key)


def publish_template(tx: Transaction, owner: UserId, key: TemplateId, published: bool) -> Template:  # noqa: FBT001
    """See TemplateStore."""
    is_published = _own(tx, owner, key).published_at is not None
    if published is not is_published:
        _write(tx, key, {"published_at": encode_time(tx.now) if published else None})
    return _own(tx, owner, key)


def delete_template(tx: Transaction, owner: UserId, key: TemplateId) -> None:
    """See TemplateStore."""
    name = _own(tx, owner, key).name
    # A deleted job still counts among the costs, but nobody could do anything about it.
    made = select(func.count()).select_from(jobs).where(jobs.c.template == key, jobs.c.deleted_at.is_(None))
    count = tx.connection.execute(made).scalar_one()
    if count:
        were = "1 job was" if count == 1 else f"{count:,} jobs were"
        raise InUseError(f"{were} made from the template {name!r}. Archive it instead, or delete them first.")
    tx.connection.execute(delete(template_versions).where(template_versions.c.template == key))
    tx.connection.execute(delete(templates).where(templates.c.id == key))


def _begin(
    tx: Transaction, owner: UserId, key: TemplateId, draft: TemplateDraft, origin: TemplateRef | None
) -> TemplateVersion:
    template = Template(
        id=key, owner=owner, name=draft.name, newest=1, created_at=tx.now, changed_at=tx.now, origin=origin
    )
    tx.connection.execute(insert(templates), encode_template(template, draft))
    return _keep(tx, key, 1, draft)


def _go_on(tx: Transaction, key: TemplateId, draft: TemplateDraft) -> TemplateVersion:
    newest = _newest(tx, key)
    if (newest.source, newest.pins) == (draft.source, dict(draft.pins)):
        return newest
    version = newest.version + 1
    _write(tx, key, {"newest": version, "changed_at": encode_time(tx.now), **told_columns(draft)})
    return _keep(tx, key, version, draft)


def _keep(tx: Transaction, key: TemplateId, version: int, draft: TemplateDraft) -> TemplateVersion:
    kept = TemplateVersion(
        template=key, name=draft.name, version=version, source=draft.source, pins=dict(draft.pins), created_at=tx.now
    )
    tx.connection.execute(insert(template_versions), encode_version(kept))
    return kept


def _may_read(owner: UserId) -> ColumnElement[bool]:
    return or_(templates.c.owner == owner, templates.c.published_at.is_not(None))


def _public_named(tx: Transaction, name: str) -> RowMapping | None:
    public = select(templates).where(
        templates.c.name == name, templates.c.published_at.is_not(None), templates.c.archived_at.is_(None)
    )
    return tx.connection.execute(public.order_by(templates.c.published_at, templates.c.id).limit(1)).mappings().first()


def _own(tx: Transaction, owner: UserId, key: TemplateId) -> Template:
    return decode_template(_found(_row(tx, templates.c.id == key, templates.c.owner == owner), key))


def _row(tx: Transaction, *conditions: ColumnElement[bool]) -> RowMapping | None:
    return tx.connection.execute(select(templates).where(*conditions)).mappings().one_or_none()


def _found(row: RowMapping | None, asked: str) -> RowMapping:
    if row is None:
        raise NotFoundError(f"There is no template {asked}.")
    return row


def _newest(tx: Transaction, key: TemplateId) -> TemplateVersion:
    return _one(tx, _VERSIONS.where(templates.c.id == key, template_versions.c.version == templates.c.newest))


def _version(tx: Transaction, key: TemplateId, version: int) -> TemplateVersion:
    return _one(tx, _VERSIONS.where(template_versions.c.template == key, template_versions.c.version == version))


def _one(tx: Transaction, asked: Select[tuple[object, ...]]) -> TemplateVersion:
    return decode_version(tx.connection.execute(asked).mappings().one())


def _write(tx: Transaction, key: TemplateId, columns: Columns) -> None:
    tx.connection.execute(update(templates).where(templates.c.id == key).values(columns))
