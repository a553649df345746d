"""Where in a source a step says something: for findings that only settings and seeds bring."""

from collections.abc import Iterator

from gristmill.recipes.document import Node, Table, plain, read_documents
from gristmill.recipes.findings import Findings, Spot
from gristmill.recipes.json_schemas import find_spot


def place_in_step(source: str, step: str, key: str) -> Spot:
    """The place of a key of a step, or of the default it falls back to, or of the step."""
    documents = read_documents(source, Findings())
    root = documents[0] if documents else None
    if not isinstance(root, Table):
        return Spot()
    found = next(_step_paths(root, step), [])
    places: list[list[str | int]] = [[*found, key], ["defaults", key]]
    for path in places:
        if _has(root, path):
            return find_spot(root, path)
    return find_spot(root, found) if found else Spot()


def _step_paths(root: Table, step: str) -> Iterator[list[str | int]]:
    steps = next((plain(entry.node) for entry in root.entries if entry.name == "steps"), None)
    for number, item in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(item, dict) and item.get("id") == step:
            yield ["steps", number]


def _has(root: Node, path: list[str | int]) -> bool:
    value = plain(root)
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            return False
    return True
