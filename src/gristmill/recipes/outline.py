"""What a source says of itself before anybody asks whether it compiles."""

from dataclasses import dataclass

from gristmill.recipes.document import Node, Table, read_documents
from gristmill.recipes.findings import Findings
from gristmill.recipes.fragment_grammar import fragment_text, read_fragments
from gristmill.recipes.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A template's name and description, what it lends to others ("" for nothing), and the fragments behind it."""

    name: str = ""
    description: str = ""
    fragment: str = ""
    behind: frozenset[str] = frozenset()


def read_outline(source: str) -> Outline:
    """The outline of a source, empty where it cannot be read."""
    documents = read_documents(source, Findings())
    if not documents:
        return Outline()
    root, *others = documents
    behind = frozenset(fragment.name for fragment in read_fragments(Reader(Findings()), others))
    return Outline(
        name=_text(root, "name"),
        description=_text(root, "description"),
        fragment=_text(root, "fragment"),
        behind=behind,
    )


def _text(root: Node, key: str) -> str:
    entries = root.entries if isinstance(root, Table) else ()
    return next((fragment_text(entry.node) for entry in entries if entry.name == key), "")
