"""Reads `record` and `checks`."""

from collections.abc import Mapping

from gristmill.recipes.document import Listing, Node, Scalar, Table
from gristmill.recipes.findings import Code
from gristmill.recipes.limits import CHECK_KEYS, COMING_CHECK_KEYS
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import Check, Constant, Expect, ListOf, ObjectOf, Shape, Unique
from gristmill.recipes.texts import Text


def read_record(reader: Reader, node: Node) -> ObjectOf:
    """How the finished record is made."""
    fields = reader.named(node, "record")
    if isinstance(node, Table) and not fields:
        reader.wrong_value(node, "record", "A record needs at least one field.")
    return ObjectOf(fields={name: read_shape(reader, inner, f"record.{name}") for name, inner in fields.items()})


def read_shape(reader: Reader, node: Node, path: str) -> Shape:
    """How one value of a record, or of an export of it, is made."""
    match node:
        case Table():
            fields = reader.named(node, path)
            return ObjectOf(
                fields={name: read_shape(reader, inner, f"{path}.{name}") for name, inner in fields.items()}
            )
        case Listing():
            items = enumerate(node.items)
            return ListOf(items=tuple(read_shape(reader, item, f"{path}[{number}]") for number, item in items))
        case Scalar(value=str()):
            return _read_value(reader, node, path)
        case _:
            if node.value is None:
                reader.findings.warn(Code.EMPTY_FIELD, "Nothing fills this field.", node.spot, path=path)
            return Constant(value=node.value)


def _read_value(reader: Reader, node: Scalar, path: str) -> Shape:
    if node.value == "":
        reader.findings.warn(Code.EMPTY_FIELD, "Nothing fills this field.", node.spot, path=path)
    return reader.compile(node, path, keeps_type=True)


def read_checks(reader: Reader, node: Node) -> list[Check]:
    """The checks in the order written."""
    found = (
        _read_check(reader, item, f"checks[{index}]", index) for index, item in enumerate(reader.items(node, "checks"))
    )
    return [check for check in found if check is not None]


def _read_check(reader: Reader, node: Node, path: str, index: int) -> Check | None:
    fields = reader.fields(node, path, CHECK_KEYS, COMING_CHECK_KEYS)
    if not isinstance(node, Table) or any(entry.name in COMING_CHECK_KEYS for entry in node.entries):
        return None
    reader.spots[path] = node.spot
    if ("expect" in fields) == ("unique" in fields):
        reader.wrong_value(node, path, "A check is either an expect or a unique.")
        return None
    if "expect" in fields:
        return _read_expect(reader, fields, path, index)
    if "reason" in fields:
        reader.wrong_value(fields["reason"], f"{path}.reason", "Only an expect has a reason.")
    return _read_unique(reader, fields["unique"], f"{path}.unique", index)


def _read_expect(reader: Reader, fields: Mapping[str, Node], path: str, index: int) -> Check | None:
    expression = reader.expression(fields["expect"], f"{path}.expect")
    if expression is None:
        return None
    reason = f"expect: {_inside_braces(expression)}"
    if "reason" in fields:
        reason = reader.string(fields["reason"], f"{path}.reason") or reason
    return Expect(name=f"expect:{index + 1}", expression=expression, reason=reason)


def _inside_braces(expression: Text) -> str:
    return expression.source.strip().removeprefix("{{").removesuffix("}}").strip("- \n")


def _read_unique(reader: Reader, node: Node, path: str, index: int) -> Check | None:
    items = node.items if isinstance(node, Listing) else (node,)
    names = tuple(name for item in items if (name := reader.string(item, path)))
    for item, name in zip(items, names, strict=False):
        reader.spots[f"{path}.{name}"] = item.spot
    if not items:
        reader.wrong_value(node, path, "Name at least one field of the record.")
    return Unique(name=f"unique:{index + 1}", index=index, fields=names) if names else None
