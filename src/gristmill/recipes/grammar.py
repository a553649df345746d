"""From the nodes of a document to the parts of a recipe, each key checked by itself."""

import re
from dataclasses import dataclass, field, replace

from gristmill.recipes.check_grammar import read_checks
from gristmill.recipes.document import Node, Table
from gristmill.recipes.findings import Code
from gristmill.recipes.json_schemas import compile_schema
from gristmill.recipes.limits import ATTEMPTS_KEYS, COMING_KEYS, MAX_NAME, MAX_REDRAW, MAX_REPAIR, TEMPLATE_KEYS
from gristmill.recipes.reader import RESERVED, Reader
from gristmill.recipes.recipe import Attempts, Check, ObjectOf, Step
from gristmill.recipes.record_grammar import read_record
from gristmill.recipes.step_grammar import read_steps
from gristmill.recipes.variation import Variation
from gristmill.recipes.vary_grammar import read_vary

_NAME = re.compile(rf"[a-z0-9-]{{1,{MAX_NAME}}}")


@dataclass(slots=True, kw_only=True)
class Draft:
    """A template read key by key; nothing is known yet of how its parts fit together."""

    name: str = ""
    description: str = ""
    seeds: Table | None = None
    vary: dict[str, Variation] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    record: ObjectOf | None = None
    checks: list[Check] = field(default_factory=list)
    attempts: Attempts = field(default_factory=Attempts)


def read_draft(root: Node, reader: Reader) -> Draft:
    """The parts of a template, as far as they can be read."""
    fields = reader.fields(root, "", TEMPLATE_KEYS, COMING_KEYS)
    # A template that only lends a fragment needs no steps.
    needed = ("name",) if "fragment" in fields else ("name", "steps")
    for key in needed if isinstance(root, Table) else ():
        if key not in fields:
            reader.missing(root, "", key)
    draft = Draft()
    if "steps" in fields:
        draft.steps = read_steps(reader, fields["steps"], fields.get("defaults"))
    for key, node in fields.items():
        _read_part(reader, draft, key, node)
    return draft


def _read_part(reader: Reader, draft: Draft, key: str, node: Node) -> None:
    match key:
        case "name":
            draft.name = _read_name(reader, node)
        case "description":
            draft.description = reader.string(node, key) or ""
        case "seeds":
            draft.seeds = _read_seeds(reader, node)
        case "vary":
            draft.vary = read_vary(reader, node)
        case "record":
            draft.record = read_record(reader, node)
        case "checks":
            draft.checks = read_checks(reader, node)
        case "attempts":
            draft.attempts = _read_attempts(reader, node)
        case "fragment":
            # Whether its mentions lead anywhere is known only where it is put in place.
            reader.text(node, key)
        case _:
            pass


def _read_name(reader: Reader, node: Node) -> str:
    name = reader.string(node, "name")
    if name is not None and not _NAME.fullmatch(name):
        hint = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_NAME]
        message = f"A name has 1 to {MAX_NAME} lower case letters, digits and hyphens."
        reader.findings.error(
            Code.INVALID_NAME, message, node.spot, path="name", suggestion=f"Write {hint!r}." if hint else ""
        )
    return name or ""


def _read_seeds(reader: Reader, node: Node) -> Table | None:
    if not isinstance(node, Table):
        reader.wrong_type(node, "seeds", "a JSON Schema of one seed row")
        return None
    if compile_schema(node, reader.findings, "seeds") is None:
        return None
    properties = next((entry.node for entry in node.entries if entry.name == "properties"), None)
    for entry in properties.entries if isinstance(properties, Table) else ():
        if entry.name in RESERVED:
            message = f"The name {entry.name!r} is reserved."
            reader.findings.error(Code.NAME_CLASH, message, entry.key.spot, path=f"seeds.properties.{entry.name}")
    return node


def _read_attempts(reader: Reader, node: Node) -> Attempts:
    fields = reader.fields(node, "attempts", ATTEMPTS_KEYS)
    attempts = Attempts()
    if "repair" in fields:
        repair = reader.integer(fields["repair"], "attempts.repair", 0, MAX_REPAIR)
        attempts = attempts if repair is None else replace(attempts, repair=repair)
    if "redraw" in fields:
        redraw = reader.integer(fields["redraw"], "attempts.redraw", 0, MAX_REDRAW)
        attempts = attempts if redraw is None else replace(attempts, redraw=redraw)
    return attempts
