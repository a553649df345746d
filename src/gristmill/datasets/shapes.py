"""One type for a column of JSON values, whatever they are: found by going through them once, and never failing.

Booleans, integers, floats, strings, lists and objects keep their types; integers among floats become floats; null
fits everywhere. What has no common type becomes a string of JSON, at the innermost place where it differs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import pyarrow as pa

from gristmill.datasets.jsontext import clean, plain_json

# Beyond them an object is no set of named fields but a mapping, and a list of lists no longer a column.
MOST_FIELDS = 256
MOST_DEPTH = 16

# Integers up to here are exact as floats too.
EXACT_FLOAT = 1 << 53
INT64 = 1 << 63


class Leaf(Enum):
    """The shape of a value without parts; JSON is that of values without a common one."""

    NULL = "null"
    BOOL = "bool"
    SMALL = "integer that is exact as a float"
    INT = "integer of 64 bits"
    FLOAT = "float"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Items:
    """The shape of lists whose elements have this one."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Fields:
    """The shape of objects with these fields."""

    of: Mapping[str, "Shape"] = field(default_factory=dict)


Shape: TypeAlias = Leaf | Items | Fields

LEAVES: Mapping[type, Leaf] = {type(None): Leaf.NULL, bool: Leaf.BOOL, float: Leaf.FLOAT, str: Leaf.TEXT}


def shape_of(value: object, depth: int = 0) -> Shape:
    """The shape of one JSON value."""
    leaf = LEAVES.get(type(value))
    if leaf is not None:
        return leaf
    match value:
        case int():
            return _shape_of_int(value)
        case _ if depth == MOST_DEPTH:
            return Leaf.JSON
        case Mapping():
            parts = {name: shape_of(inner, depth + 1) for name, inner in value.items()}
            return Fields(parts) if 0 < len(parts) <= MOST_FIELDS else Leaf.JSON
        case list() | tuple():
            return Items(_join_all(shape_of(inner, depth + 1) for inner in value))
        case _:
            return Leaf.JSON


def _shape_of_int(value: int) -> Shape:
    if abs(value) <= EXACT_FLOAT:
        return Leaf.SMALL
    return Leaf.INT if -INT64 <= value < INT64 else Leaf.JSON


def _join_all(shapes: Iterable[Shape]) -> Shape:
    joined: Shape = Leaf.NULL
    for shape in shapes:
        joined = join(joined, shape)
    return joined


def join(one: Shape, other: Shape) -> Shape:
    """The least shape that holds the values of both."""
    if one == other:
        return one
    match one, other:
        case (Leaf.NULL, shape) | (shape, Leaf.NULL):
            return shape
        case (Leaf.SMALL, Leaf.INT | Leaf.FLOAT as wider) | (Leaf.INT | Leaf.FLOAT as wider, Leaf.SMALL):
            return wider
        case Items(), Items():
            return Items(join(one.of, other.of))
        case Fields(), Fields():
            names = dict.fromkeys((*one.of, *other.of))
            parts = {name: join(one.of.get(name, Leaf.NULL), other.of.get(name, Leaf.NULL)) for name in names}
            return Fields(parts) if len(parts) <= MOST_FIELDS else Leaf.JSON
        case _:
            return Leaf.JSON


def arrow_type(shape: Shape) -> pa.DataType:
    """The Arrow type of a shape; a column of nulls alone is one of strings."""
    match shape:
        case Leaf.BOOL:
            return pa.bool_()
        case Leaf.SMALL | Leaf.INT:
            return pa.int64()
        case Leaf.FLOAT:
            return pa.float64()
        case Leaf():
            return pa.string()
        case Items():
            return pa.list_(arrow_type(shape.of))
        case Fields():
            return pa.struct([(clean(name), arrow_type(inner)) for name, inner in shape.of.items()])


def fit(value: Any, shape: Shape) -> Any:  # noqa: ANN401, PLR0911 - a JSON value, and a return for each shape
    """The value as a column of this shape takes it. The shape must hold it."""
    if value is None:
        return None
    match shape:
        case Leaf.JSON:
            return clean(plain_json(value).decode())
        case Leaf.TEXT:
            return clean(value)
        case Leaf.FLOAT:
            return float(value)
        case Items():
            return [fit(inner, shape.of) for inner in value]
        case Fields():
            return {clean(name): fit(inner, shape.of[name]) for name, inner in value.items()}
        case _:
            return value
