"""Rows of templates to values of the domain and back."""

from collections.abc import Mapping

import orjson
from sqlalchemy import RowMapping

from gristmill.adapters.sql.rows import Columns, decode_time, encode_json, encode_time
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion


def told_columns(draft: TemplateDraft) -> Columns:
    """The columns of a template that its newest source tells."""
    search = f"{draft.name}\n{draft.description}".casefold()
    return {"description": draft.description, "search": search}


def encode_template(template: Template, draft: TemplateDraft) -> Columns:
    """A new template's row."""
    return {
        "id": template.id,
        "owner": template.owner,
        "name": template.name,
        "newest": template.newest,
        "created_at": encode_time(template.created_at),
        "changed_at": encode_time(template.changed_at),
        "origin": template.origin.template if template.origin else None,
        "origin_version": template.origin.version if template.origin else None,
        **told_columns(draft),
    }


def decode_template(row: RowMapping) -> Template:
    """The template of a row."""
    return Template(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        newest=row["newest"],
        description=row["description"],
        created_at=decode_time(row["created_at"]),
        changed_at=decode_time(row["changed_at"]),
        archived_at=decode_time(row["archived_at"]) if row["archived_at"] is not None else None,
        published_at=decode_time(row["published_at"]) if row["published_at"] is not None else None,
        origin=TemplateRef(template=row["origin"], version=row["origin_version"]) if row["origin"] else None,
    )


def encode_version(kept: TemplateVersion) -> Columns:
    """A version's row."""
    return {
        "template": kept.template,
        "version": kept.version,
        "source": kept.source,
        "pins": encode_pins(kept.pins),
        "created_at": encode_time(kept.created_at),
    }


def encode_pins(pins: Mapping[str, TemplateRef]) -> str:
    """The pins as `{"name": {"template": ID, "version": N}}`."""
    return encode_json(dict(sorted(pins.items())))


def decode_version(row: RowMapping) -> TemplateVersion:
    """The version of a row joined with its template's `name`."""
    return TemplateVersion(
        template=row["template"],
        name=row["name"],
        version=row["version"],
        source=row["source"],
        pins={name: TemplateRef(**pin) for name, pin in orjson.loads(row["pins"]).items()},
        created_at=decode_time(row["created_at"]),
    )
