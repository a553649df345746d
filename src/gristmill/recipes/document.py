"""YAML with the place of every value kept, within stated bounds, and read as YAML 1.2 reads it: `no` is text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from gristmill.domain.json import Json
from gristmill.recipes.findings import Code, Findings, Spot

MAX_SOURCE_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_ALIASES = 100
# Aliases share what they name, so a few can stand for billions of values: this bounds what they add up to.
MAX_VALUES = 20_000
MAX_LOOKED_THROUGH = 10_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value; `lines` are the source lines it stands on, and `is_block` says that it is a `|` block scalar."""

    value: bool | int | float | str | None
    spot: Spot
    is_block: bool = False
    lines: tuple[str, ...] = ()
    size: int = 1

    def locate(self, line: int, word: str = "") -> Spot:
        """The place in the source of a word on the given line of the text (both from 1), as near as can be told."""
        if self.is_block:
            return _find_word(self.lines[line : line + 1], word, self.spot.line + line) or Spot(
                line=self.spot.line + line
            )
        return (_find_word(self.lines, word, self.spot.line) if word else None) or self.spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of nodes."""

    items: "tuple[Node, ...]"
    spot: Spot
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a table, and its node."""

    key: Scalar
    node: "Node"

    @property
    def name(self) -> str:
        """The key as text."""
        return str(self.key.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping, its entries in the order written."""

    entries: tuple[Entry, ...]
    spot: Spot
    size: int


Node: TypeAlias = Scalar | Listing | Table


def plain(node: Node) -> Json:
    """The node's value alone."""
    match node:
        case Scalar():
            return node.value
        case Listing():
            return [plain(item) for item in node.items]
        case Table():
            return {entry.name: plain(entry.node) for entry in node.entries}


def read_documents(source: str, findings: Findings) -> tuple[Node, ...]:
    """The roots of the source's documents, at least one; none when findings say why there is none."""
    if not _is_readable(source, findings):
        return ()
    try:
        return _Composer(source, findings).compose()
    except _BrokenError as broken:
        findings.error(broken.code, str(broken), broken.spot)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = Spot(line=mark.line + 1, column=mark.column + 1) if mark else Spot()
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        findings.error(Code.INVALID_YAML, f"This is not valid YAML: {problem}.", spot)
    return ()


def _is_readable(source: str, findings: Findings) -> bool:
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        spot = _spot_of(source, error.start)
        findings.error(Code.INVALID_YAML, "The source holds half of a surrogate pair, which is no character.", spot)
        return False
    if size > MAX_SOURCE_BYTES:
        findings.error(Code.TOO_LARGE, f"The source has {size:,} bytes; at most {MAX_SOURCE_BYTES:,} are read.", Spot())
        return False
    if (at := source.find("\0")) >= 0:
        findings.error(Code.INVALID_YAML, "The source holds a NUL character.", _spot_of(source, at))
        return False
    return True


def _spot_of(source: str, at: int) -> Spot:
    return Spot(line=source.count("\n", 0, at) + 1, column=at - source.rfind("\n", 0, at))


class _BrokenError(Exception):
    """What ends the reading of a document."""

    def __init__(self, code: Code, message: str, spot: Spot) -> None:
        super().__init__(message)
        self.code = code
        self.spot = spot


@dataclass(slots=True)
class _Composer:
    """Builds nodes from YAML events, so that every bound holds before anything is expanded."""

    source: str
    findings: Findings
    lines: list[str] = field(init=False)
    events: Iterator[yaml.Event] = field(init=False)
    anchors: dict[str, Node] = field(default_factory=dict)
    aliases: int = 0

    def __post_init__(self) -> None:
        # Lines as YAML counts them: str.splitlines would also break at form feeds and the like.
        self.lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.source)
        self.events = iter(yaml.parse(self.source, Loader=yaml.CSafeLoader))

    def compose(self) -> tuple[Node, ...]:
        next(self.events)
        roots: list[Node] = []
        while not isinstance(next(self.events), yaml.StreamEndEvent):
            self.anchors.clear()
            roots.append(self.node(next(self.events), depth=0))
            next(self.events)
            if sum(root.size for root in roots) > MAX_VALUES:
                raise _BrokenError(Code.TOO_LARGE, f"The source holds more than {MAX_VALUES:,} values.", Spot())
        if not roots:
            raise _BrokenError(Code.INVALID_YAML, "The template is empty.", Spot())
        return tuple(roots)

    def node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _BrokenError(Code.TOO_LARGE, f"The document nests deeper than {MAX_DEPTH} levels.", _at(event))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        node = self.fresh(event, depth)
        if node.size > MAX_VALUES:
            raise _BrokenError(Code.TOO_LARGE, f"The document expands to more than {MAX_VALUES:,} values.", _at(event))
        # An anchor counts only once its node is whole: no alias can stand within what it names.
        if anchor := getattr(event, "anchor", None):
            self.anchors[anchor] = node
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise _BrokenError(Code.TOO_LARGE, f"The document uses more than {MAX_ALIASES} aliases.", _at(event))
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise _BrokenError(Code.INVALID_YAML, f"No anchor is named {event.anchor!r} before this.", _at(event))
        return node

    def fresh(self, event: yaml.Event, depth: int) -> Node:
        if getattr(event, "tag", None) is not None:
            raise _BrokenError(Code.INVALID_YAML, "Tags such as `!!str` have no place in a template.", _at(event))
        match event:
            case yaml.SequenceStartEvent():
                return self.listing(event, depth)
            case yaml.MappingStartEvent():
                return self.table(event, depth)
            case yaml.ScalarEvent():
                return self.scalar(event)
            case _:
                raise _BrokenError(Code.INVALID_YAML, "This is no value.", _at(event))

    def listing(self, event: yaml.Event, depth: int) -> Listing:
        items = []
        while not isinstance(following := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(following, depth + 1))
        return Listing(items=tuple(items), spot=_at(event), size=1 + sum(item.size for item in items))

    def table(self, event: yaml.Event, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        while not isinstance(following := next(self.events), yaml.MappingEndEvent):
            key = self.node(following, depth + 1)
            node = self.node(next(self.events), depth + 1)
            if not isinstance(key, Scalar):
                raise _BrokenError(Code.INVALID_YAML, "A key must be a plain word.", _at(following))
            entry = Entry(key=key, node=node)
            if entry.name in entries:
                self.findings.error(Code.DUPLICATE_KEY, f"The key {entry.name!r} stands here twice.", _at(following))
            entries.setdefault(entry.name, entry)
        size = 1 + sum(entry.node.size for entry in entries.values())
        return Table(entries=tuple(entries.values()), spot=_at(event), size=size)

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        text = event.value
        spot = _at(event)
        last = event.end_mark.line + 1 if event.end_mark else spot.line
        try:
            text.encode()
        except UnicodeEncodeError:
            message = "The text holds half of a surrogate pair, which is no character."
            raise _BrokenError(Code.INVALID_YAML, message, spot) from None
        return Scalar(
            value=_resolve(text) if event.implicit[0] else text,
            spot=spot,
            is_block=event.style == "|",
            lines=tuple(self.lines[spot.line - 1 : last]) if "{" in text else (),
        )


def _at(event: yaml.Event) -> Spot:
    mark = event.start_mark
    return Spot(line=mark.line + 1, column=mark.column + 1) if mark else Spot()


def _resolve(text: str) -> bool | int | float | str | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def _find_word(lines: tuple[str, ...], word: str, first: int) -> Spot | None:
    for number, line in enumerate(lines, first):
        # Nobody reads further, and a line may be as long as the source.
        begin = line[:MAX_LOOKED_THROUGH]
        found = re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", begin) if word else re.search(r"\S", begin)
        if found:
            return Spot(line=number, column=found.start() + 1)
    return None
