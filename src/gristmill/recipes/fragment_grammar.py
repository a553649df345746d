"""Reads the documents behind a template: what other templates lend to it."""

from collections.abc import Iterable

from gristmill.recipes.composition import Fragment
from gristmill.recipes.document import Node, Scalar
from gristmill.recipes.limits import FRAGMENT_KEYS, MAX_VERSION
from gristmill.recipes.reader import Reader


def read_fragments(reader: Reader, documents: Iterable[Node]) -> tuple[Fragment, ...]:
    """The fragments as far as they can be read; what is wrong with them goes to the findings."""
    read = (_read_fragment(reader, node, f"document {number}") for number, node in enumerate(documents, 2))
    return tuple(fragment for fragment in read if fragment is not None)


def fragment_text(node: Node) -> str:
    """The text of a fragment as it is put in place."""
    return str(node.value).removesuffix("\n") if isinstance(node, Scalar) else ""


def _read_fragment(reader: Reader, node: Node, path: str) -> Fragment | None:
    fields = reader.fields(node, path, FRAGMENT_KEYS)
    missing = [key for key in ("name", "fragment") if key not in fields]
    for key in missing:
        reader.missing(node, path, key)
    version = None
    if "version" in fields:
        version = reader.integer(fields["version"], f"{path}.version", 1, MAX_VERSION)
    if missing or reader.string(fields["fragment"], f"{path}.fragment") is None:
        return None
    name = reader.string(fields["name"], f"{path}.name")
    return Fragment(name=name, version=version, source=fragment_text(fields["fragment"])) if name else None
