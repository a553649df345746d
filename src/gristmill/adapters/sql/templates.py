"""The rows of templates."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import RowMapping, Select, func, insert, select

from gristmill.adapters.sql.rows import decode_time, encode_json, encode_time
from gristmill.adapters.sql.tables import templates
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.template import TemplateVersion
from gristmill.errors import NotFoundError


def add_template(tx: Transaction, name: str, source: str, pins: Mapping[str, int]) -> TemplateVersion:
    """See TemplateStore."""
    newest = _first(tx, _versions(name))
    if newest is not None and (newest.source, newest.pins) == (source, dict(pins)):
        return newest
    version = newest.version + 1 if newest is not None else 1
    kept = TemplateVersion(name=name, version=version, source=source, created_at=tx.now, pins=pins)
    tx.connection.execute(insert(templates), _encode(kept))
    return kept


def read_template(tx: Transaction, name: str, version: int | None) -> TemplateVersion:
    """See TemplateStore."""
    asked = _versions(name) if version is None else _versions(name).where(templates.c.version == version)
    found = _first(tx, asked)
    if found is None:
        raise NotFoundError(f"There is no template {name if version is None else f'{name}@{version}'}.")
    return found


def list_templates(tx: Transaction) -> Sequence[TemplateVersion]:
    """See TemplateStore."""
    newest = select(templates.c.name, func.max(templates.c.version).label("version")).group_by(templates.c.name)
    found = newest.subquery()
    rows = tx.connection.execute(
        select(templates)
        .join(found, (templates.c.name == found.c.name) & (templates.c.version == found.c.version))
        .order_by(templates.c.name)
    )
    return [_decode(row) for row in rows.mappings()]


def template_history(tx: Transaction, name: str) -> Sequence[TemplateVersion]:
    """See TemplateStore."""
    return [_decode(row) for row in tx.connection.execute(_versions(name)).mappings()]


def _versions(name: str) -> Select[tuple[object, ...]]:
    return select(templates).where(templates.c.name == name).order_by(templates.c.version.desc())


def _first(tx: Transaction, asked: Select[tuple[object, ...]]) -> TemplateVersion | None:
    row = tx.connection.execute(asked.limit(1)).mappings().first()
    return _decode(row) if row is not None else None


def _encode(kept: TemplateVersion) -> dict[str, object]:
    return {
        "name": kept.name,
        "version": kept.version,
        "source": kept.source,
        "pins": encode_json(kept.pins),
        "created_at": encode_time(kept.created_at),
    }


def _decode(row: RowMapping) -> TemplateVersion:
    return TemplateVersion(
        name=row["name"],
        version=row["version"],
        source=row["source"],
        pins=orjson.loads(row["pins"]),
        created_at=decode_time(row["created_at"]),
    )
