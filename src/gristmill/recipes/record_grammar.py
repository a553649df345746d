"""Reads `record`."""

from gristmill.recipes.document import Listing, Node, Scalar, Table
from gristmill.recipes.findings import Code
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import Constant, ListOf, ObjectOf, Shape


def read_record(reader: Reader, node: Node) -> ObjectOf:
    """How the finished record is made."""
    fields = reader.named(node, "record")
    if isinstance(node, Table) and not fields:
        reader.wrong_value(node, "record", "A record needs at least one field.")
    return ObjectOf(fields={name: _read_shape(reader, inner, f"record.{name}") for name, inner in fields.items()})


def _read_shape(reader: Reader, node: Node, path: str) -> Shape:
    match node:
        case Table():
            fields = reader.named(node, path)
            return ObjectOf(
                fields={name: _read_shape(reader, inner, f"{path}.{name}") for name, inner in fields.items()}
            )
        case Listing():
            items = enumerate(node.items)
            return ListOf(items=tuple(_read_shape(reader, item, f"{path}[{number}]") for number, item in items))
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
