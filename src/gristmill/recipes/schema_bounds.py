"""How much work a JSON Schema can make of one value: references may share parts, but not multiply them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gristmill.domain.json import Json

MAX_PARTS = 20_000
MAX_REFERENCE_DEPTH = 64

# What stands below these is a value, not a schema.
_VALUES = frozenset({"const", "enum", "default", "examples", "required", "type", "description", "title"})
# Schemas by name: those of the first kind go each to another part of the value, the second are only kept to be named.
_APART = frozenset({"properties", "prefixItems"})
_KEPT = frozenset({"$defs", "definitions"})


def why_too_much(schema: Json) -> str | None:
    """Why checking a value against the schema could take for ever, as the end of a sentence, or None.

    A validator follows a reference each time it meets one, so ten definitions that each name the next twice are a
    thousand; and a schema that contains itself twice for the same part of a value doubles with each level of it.
    """
    try:
        load = _Measure(schema).of(schema, ())
    except _RefusedError as refused:
        return str(refused)
    except RecursionError:
        return "it nests too deeply"
    if load.parts > MAX_PARTS:
        return f"its references expand to more than {MAX_PARTS:,} parts"
    return None


class _RefusedError(Exception):
    """What ends the measuring."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What one schema comes to: its parts, references followed, and how often it applies what encloses it again."""

    parts: int = 1
    again: int = 0


@dataclass(slots=True)
class _Measure:
    """Follows a schema's references, each target once."""

    root: Json
    known: dict[str, _Load] = field(default_factory=dict)

    def of(self, schema: Json, open_references: tuple[str, ...]) -> _Load:
        match schema:
            case dict():
                return self.table(schema, open_references)
            case list():
                return _together(self.of(item, open_references) for item in schema)
            case _:
                return _Load()

    def table(self, schema: Mapping[str, Json], open_references: tuple[str, ...]) -> _Load:
        loads = []
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef", "$recursiveRef") and isinstance(value, str):
                loads.append(self.reference(key, value, open_references))
            elif key in _APART and isinstance(value, dict | list):
                inner = value.values() if isinstance(value, dict) else value
                loads.append(_apart([self.of(item, open_references) for item in inner]))
            elif key not in _VALUES and key not in _KEPT:
                loads.append(self.of(value, open_references))
        load = _together(loads)
        if load.again > 1:
            raise _RefusedError("it refers to itself more than once for the same part of a value")
        return load

    def reference(self, key: str, target: str, open_references: tuple[str, ...]) -> _Load:
        if key != "$ref" or not (target == "#" or target.startswith("#/")):
            raise _RefusedError(f"it refers to {target[:80]!r}: write references as {{$ref: '#/$defs/NAME'}}")
        if target in open_references or target == "#":
            return _Load(again=1)
        if len(open_references) >= MAX_REFERENCE_DEPTH:
            raise _RefusedError(f"more than {MAX_REFERENCE_DEPTH} of its references lead to one another")
        if target not in self.known:
            self.known[target] = self.of(self.find(target), (*open_references, target))
        return self.known[target]

    def find(self, target: str) -> Json:
        found = self.root
        for word in target[2:].split("/"):
            name = word.replace("~1", "/").replace("~0", "~")
            match found:
                case dict() if name in found:
                    found = found[name]
                case list() if name.isdecimal() and int(name) < len(found):
                    found = found[int(name)]
                case _:
                    # The validator itself says best what is wrong with a reference that leads nowhere.
                    return None
        return found


def _together(loads: Iterable[_Load]) -> _Load:
    every = list(loads)
    return _Load(1 + sum(load.parts for load in every), sum(load.again for load in every))


def _apart(loads: list[_Load]) -> _Load:
    return _Load(1 + sum(load.parts for load in loads), max((load.again for load in loads), default=0))
