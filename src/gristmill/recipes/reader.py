"""Takes nodes of a document as what a key wants them to be, and notes where they are not."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from gristmill.recipes.composition import Fragments
from gristmill.recipes.document import Listing, Node, Scalar, Table
from gristmill.recipes.findings import Code, Findings, Spot, did_you_mean
from gristmill.recipes.texts import Text, compile_text

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

MAX_TEXTS = 1000

RESERVED = frozenset({"steps", "record", "seed", "slot"})
_JINJA_WORDS = frozenset(
    {"and", "else", "false", "False", "if", "in", "is", "none", "None", "not", "or", "true", "True", "loop", "self"}
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one template. `spots` remembers where each path of it stands."""

    findings: Findings
    spots: dict[str, Spot] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    fragments: Fragments = field(default_factory=Fragments)

    def fields(self, node: Node, path: str, known: Collection[str]) -> Mapping[str, Node]:
        """The entries of a table under known keys."""
        if not isinstance(node, Table):
            self.wrong_type(node, path, "a mapping of keys to values")
            return {}
        kept = {}
        for entry in node.entries:
            name, spot, place = entry.name, entry.key.spot, below(path, entry.name)
            self.spots[place] = spot
            if name in known:
                kept[name] = entry.node
            else:
                hint = did_you_mean(name, known) or f"Known keys: {', '.join(known)}."
                self.findings.error(Code.UNKNOWN_KEY, f"Unknown key {name!r}.", spot, path=place, suggestion=hint)
        return kept

    def named(self, node: Node, path: str) -> Mapping[str, Node]:
        """The entries of a table whose keys are the user's own."""
        if not isinstance(node, Table):
            self.wrong_type(node, path, "a mapping of names to values")
            return {}
        for entry in node.entries:
            self.spots[below(path, entry.name)] = entry.key.spot
        return {entry.name: entry.node for entry in node.entries}

    def items(self, node: Node, path: str) -> tuple[Node, ...]:
        """The items of a list."""
        if isinstance(node, Listing):
            return node.items
        self.wrong_type(node, path, "a list")
        return ()

    def string(self, node: Node, path: str) -> str | None:
        """A text that is taken as written."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        self.wrong_type(node, path, "a text")
        return None

    def text(self, node: Node, path: str) -> Text | None:
        """A text with expressions."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return self.compile(node, path)
        self.wrong_type(node, path, "a text")
        return None

    def compile(self, scalar: Scalar, path: str, *, keeps_type: bool = False) -> Text:
        """A text, compiled; past MAX_TEXTS of them a template takes too long to compile."""
        self.texts.append(path)
        if len(self.texts) > MAX_TEXTS:
            message = f"A template has at most {MAX_TEXTS} texts."
            self.findings.error(Code.TOO_LARGE, message, scalar.spot, path=path)
            return Text(source="", path=path)
        return compile_text(scalar, self.findings, path, keeps_type=keeps_type, fragments=self.fragments)

    def expression(self, node: Node, path: str) -> Text | None:
        """A single expression, such as a condition."""
        if not (isinstance(node, Scalar) and isinstance(node.value, str)):
            self.wrong_type(node, path, "an expression such as \"{{ difficulty == 'hard' }}\"")
            return None
        before = len(self.findings.found)
        text = self.compile(node, path, keeps_type=True)
        if not text.is_expression and len(self.findings.found) == before:
            hint = f'Write "{{{{ {text.source.strip()} }}}}".' if "{" not in text.source else ""
            message = "This must be a single expression in double braces."
            self.findings.error(Code.WRONG_VALUE, message, node.spot, path=path, suggestion=hint)
        return text

    def number(self, node: Node, path: str, low: float, high: float) -> float | None:
        """A number within bounds, both included."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong_type(node, path, "a number")
            return None
        if not low <= value <= high:
            self.wrong_value(node, path, f"{value} is not within {low:,} and {high:,}.")
            return None
        return value

    def integer(self, node: Node, path: str, low: int, high: int) -> int | None:
        """A whole number within bounds, both included."""
        value = self.number(node, path, low, high)
        if value is None or isinstance(value, int):
            return value
        self.wrong_type(node, path, "a whole number")
        return None

    def identifier(self, name: str, spot: Spot, path: str) -> bool:
        """Whether a name can be written in an expression and clashes with nothing of the language."""
        if not _IDENTIFIER.fullmatch(name) or name in _JINJA_WORDS:
            message = f"{name[:80]!r} is not a name: letters, digits and underscores, not beginning with a digit."
            self.findings.error(Code.INVALID_NAME, message, spot, path=path)
            return False
        if name in RESERVED:
            self.findings.error(Code.NAME_CLASH, f"The name {name!r} is reserved.", spot, path=path)
            return False
        return True

    def missing(self, node: Node, path: str, key: str) -> None:
        """Note that a table lacks a key it needs."""
        self.findings.error(Code.MISSING_KEY, f"The key {key!r} is missing.", node.spot, path=path)

    def wrong_type(self, node: Node, path: str, wanted: str) -> None:
        """Note that a node is of the wrong kind."""
        self.findings.error(Code.WRONG_TYPE, f"This must be {wanted}, not {kind_of(node)}.", node.spot, path=path)

    def wrong_value(self, node: Node, path: str, message: str, suggestion: str = "") -> None:
        """Note that a node is of the right kind but of no use."""
        self.findings.error(Code.WRONG_VALUE, message, node.spot, path=path, suggestion=suggestion)


def below(path: str, key: str) -> str:
    """The path of a key within a path."""
    return f"{path}.{key}" if path else key


def kind_of(node: Node) -> str:
    """What a node is, in words."""
    match node:
        case Table():
            return "a mapping"
        case Listing():
            return "a list"
        case Scalar(value=None):
            return "empty"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=str()):
            return "a text"
        case _:
            return "a number"
