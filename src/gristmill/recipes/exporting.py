"""From a finished record to what a trainer's format takes from it."""

from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.recipes.recipe import ObjectOf
from gristmill.recipes.rendering import fill
from gristmill.recipes.texts import SANDBOX, Names


def fill_export(export: ObjectOf, record: JsonObject, slot: Slot) -> JsonObject:
    """The fields of an export for this record. Raises RenderError and TemplateTooExpensiveError."""
    names = Names({**SANDBOX.globals, "record": record, "slot": slot})
    return {key: fill(shape, names) for key, shape in export.fields.items()}
