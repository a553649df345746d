"""Lists of templates: an owner's, and those that everybody may read."""

from sqlalchemy import Select, select

from gristmill.adapters.sql.paging import read_page
from gristmill.adapters.sql.tables import templates
from gristmill.adapters.sql.template_rows import decode_template
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.ids import UserId
from gristmill.domain.paging import Page
from gristmill.domain.template import Template
from gristmill.ports.templates import TemplateQuery

_KEYS = {"name": templates.c.name, "changed": templates.c.changed_at, "published": templates.c.published_at}


def list_templates(tx: Transaction, owner: UserId, query: TemplateQuery) -> Page[Template]:
    """See TemplateStore."""
    return _page(tx, select(templates).where(templates.c.owner == owner), query)


def list_public_templates(tx: Transaction, query: TemplateQuery) -> Page[Template]:
    """See TemplateStore."""
    public = select(templates).where(templates.c.published_at.is_not(None), templates.c.archived_at.is_(None))
    return _page(tx, public, query)


def _page(tx: Transaction, asked: Select[tuple[object, ...]], query: TemplateQuery) -> Page[Template]:
    if not query.with_archived:
        asked = asked.where(templates.c.archived_at.is_(None))
    if query.by == "published":
        asked = asked.where(templates.c.published_at.is_not(None))
    if query.text:
        # No text holds a NUL, and PostgreSQL takes none.
        text = query.text.replace("\0", "\N{REPLACEMENT CHARACTER}").casefold()
        asked = asked.where(templates.c.search.contains(text, autoescape=True))
    return read_page(
        tx,
        asked,
        (_KEYS[query.by], templates.c.id),
        query.after,
        query.limit,
        decode=decode_template,
        is_newest_first=query.by != "name",
    )
