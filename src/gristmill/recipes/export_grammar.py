"""Reads `export`: what each trainer's format takes from a finished record."""

from gristmill.recipes.document import Node, Table
from gristmill.recipes.limits import EXPORT_KEYS, OPTIONAL_EXPORT_KEYS
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import ObjectOf
from gristmill.recipes.record_grammar import read_shape


def read_exports(reader: Reader, node: Node) -> dict[str, ObjectOf]:
    """The fields of each format that is named."""
    formats = reader.fields(node, "export", EXPORT_KEYS)
    return {name: _read_format(reader, inner, name) for name, inner in formats.items()}


def _read_format(reader: Reader, node: Node, name: str) -> ObjectOf:
    path, known = f"export.{name}", EXPORT_KEYS[name]
    fields = reader.fields(node, path, known) if known else reader.named(node, path)
    if isinstance(node, Table):
        for key in known:
            if key not in fields and key not in OPTIONAL_EXPORT_KEYS:
                reader.missing(node, path, key)
        if not node.entries and not known:
            reader.wrong_value(node, path, "An export needs at least one field.")
    return ObjectOf(fields={key: read_shape(reader, inner, f"{path}.{key}") for key, inner in fields.items()})
