"""The library of the settings' store: a user's templates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gristmill.domain.ids import LOCAL
from gristmill.library.completing import complete_source
from gristmill.library.references import references_in
from gristmill.ports.templates import TemplateStore
from gristmill.wiring.ports import open_store_at
from gristmill.wiring.settings import Settings, read_settings


@asynccontextmanager
async def open_library(settings: Settings) -> AsyncIterator[TemplateStore]:
    """The templates kept in the settings' store, closed at the end."""
    store = await open_store_at(settings.store_url)
    try:
        yield store
    finally:
        await store.close()


async def complete_template(source: str) -> str:
    """The source with what it takes from the library behind it; the library is opened only if it takes anything.

    Raises InvalidTemplateError for a template that lends nothing.
    """
    if not any(references_in(source)):
        return source
    async with open_library(read_settings()) as library:
        return (await complete_source(source, LOCAL, library)).source
