"""Reads `vary`."""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gristmill.recipes.document import Listing, Node, Table, plain
from gristmill.recipes.limits import MAX_DECIMALS, MAX_INTEGER, MAX_NAME, MAX_NUMBER, MAX_WEIGHT, VARY_KEYS
from gristmill.recipes.reader import Reader, below
from gristmill.recipes.variation import Choice, IntegerRange, NumberRange, RoundedRange, SeedRow, Variation

_SET = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_NAME}}}")
# What only goes with another key.
_COMPANIONS = {"round": ("number", "Only a number can be rounded."), "weight": ("seeds", "Only seeds have a weight.")}


def read_vary(reader: Reader, node: Node) -> dict[str, Variation]:
    """The variables by name."""
    kept = {}
    for name, variation in reader.named(node, "vary").items():
        path = f"vary.{name}"
        if reader.identifier(name, reader.spots[path], path):
            kept[name] = _read_variation(reader, variation, path) or Choice.uniform((None,))
    return kept


def _read_variation(reader: Reader, node: Node, path: str) -> Variation | None:
    if isinstance(node, Listing):
        return _read_choice(reader, node, path)
    if not isinstance(node, Table):
        reader.wrong_type(node, path, "a list of options, or a mapping such as {integer: [1, 6]}")
        return None
    fields = reader.fields(node, path, VARY_KEYS)
    for key, (needed, message) in _COMPANIONS.items():
        if key in fields and needed not in fields:
            reader.wrong_value(fields[key], f"{path}.{key}", message)
    kinds = [key for key in fields if key not in _COMPANIONS]
    if len(kinds) != 1:
        reader.wrong_value(node, path, "Write exactly one of choice, integer, number and seeds.")
        return None
    return _read_kind(reader, kinds[0], fields, path)


def _read_kind(reader: Reader, kind: str, fields: Mapping[str, Node], path: str) -> Variation | None:
    match kind:
        case "choice":
            return _read_choice(reader, fields["choice"], f"{path}.choice")
        case "integer":
            return _read_integer(reader, fields["integer"], f"{path}.integer")
        case "seeds":
            return _read_seed_row(reader, fields, path)
        case _:
            return _read_number(reader, fields["number"], fields.get("round"), path)


def _read_choice(reader: Reader, node: Node, path: str) -> Variation | None:
    if isinstance(node, Listing):
        if not node.items:
            reader.wrong_value(node, path, "There must be at least one option.")
            return None
        return Choice.uniform(tuple(plain(item) for item in node.items))
    if not isinstance(node, Table) or not node.entries:
        reader.wrong_type(node, path, "a list of options, or a mapping of options to weights")
        return None
    weights = [reader.number(e.node, below(path, e.name), 0, MAX_WEIGHT) for e in node.entries]
    known = tuple(weight for weight in weights if weight is not None)
    if len(known) < len(weights):
        return None
    if not any(known):
        reader.wrong_value(node, path, "At least one weight must be above 0.")
        return None
    return Choice.weighted(tuple(entry.key.value for entry in node.entries), known)


def _read_seed_row(reader: Reader, fields: Mapping[str, Node], path: str) -> Variation | None:
    seeds = reader.string(fields["seeds"], f"{path}.seeds")
    if seeds is not None and not _SET.fullmatch(seeds):
        message = f"A seed set is named by 1 to {MAX_NAME} letters, digits, hyphens and underscores."
        hint = "Write the name of a seed set here."
        reader.wrong_value(fields["seeds"], f"{path}.seeds", message, hint)
        return None
    weight = reader.string(fields["weight"], f"{path}.weight") if "weight" in fields else None
    if weight == "":
        reader.wrong_value(fields["weight"], f"{path}.weight", "Name the field of a row that says how often it comes.")
    return SeedRow(seeds, weight) if seeds else None


def _read_bounds(reader: Reader, node: Node, path: str, limit: float) -> tuple[float, float] | None:
    items = reader.items(node, path)
    if isinstance(node, Listing) and len(items) != 2:  # noqa: PLR2004
        reader.wrong_value(node, path, "Write the lowest and the highest, such as [1, 6].")
    bounds = [reader.number(item, path, -limit, limit) for item in items[:2]]
    match bounds:
        case [int() | float() as low, int() | float() as high]:
            if low <= high:
                return low, high
            reader.wrong_value(node, path, f"{low} is above {high}.", f"Write [{high}, {low}].")
        case _:
            pass
    return None


def _read_integer(reader: Reader, node: Node, path: str) -> Variation | None:
    match _read_bounds(reader, node, path, MAX_INTEGER):
        case (int() as low, int() as high):
            return IntegerRange(low, high)
        case (_, _):
            reader.wrong_type(node, path, "two whole numbers")
        case _:
            pass
    return None


def _read_number(reader: Reader, node: Node, places: Node | None, path: str) -> Variation | None:
    bounds = _read_bounds(reader, node, f"{path}.number", MAX_NUMBER)
    if bounds is None:
        return None
    if places is None:
        return NumberRange(float(bounds[0]), float(bounds[1]))
    decimals = reader.integer(places, f"{path}.round", 0, MAX_DECIMALS)
    if decimals is None:
        return None
    low, high = (Decimal(repr(bound)).scaleb(decimals) for bound in bounds)
    first, last = int(low.to_integral_value(ROUND_CEILING)), int(high.to_integral_value(ROUND_FLOOR))
    if first > last:
        reader.wrong_value(node, f"{path}.number", f"No number with {decimals} decimals lies between these.")
        return None
    return RoundedRange(first, last, decimals)
