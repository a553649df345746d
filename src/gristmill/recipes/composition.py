"""Texts that other templates lend: `include`, `import` and `from ... import`, put in place before a text compiles.

What is put in place is the lender's `fragment`, as if it stood there: its mentions are found, and its output bounded,
like those of any other text. A template and the fragments it needs are one source of several YAML documents, so nothing
is looked up later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

from gristmill.recipes.findings import did_you_mean

MAX_DEPTH = 8
MAX_INCLUDES = 64
# All that is put in place of one text: each fragment counts as often as it is taken.
MAX_COMPOSED = 256 * 1024

# Begins the names of what is imported: one that no template would think of.
_PREFIX = "gristmill_import"

# Notes what is wrong with a reference: the message, its line in the text (from 1), and what to write instead.
Report = Callable[[str, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What a template lends to others: Jinja2 text with output, macros or both. `version` is None when none is said."""

    name: str
    version: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Fragments:
    """The fragments that stand behind a template; `used` keeps the text of each that something names."""

    known: tuple[Fragment, ...] = ()
    used: dict[str, str] = field(default_factory=dict)

    def find(self, reference: str) -> Fragment | None:
        """The fragment of a reference: `name@2` is that version, `name` the newest there is."""
        found = [one for one in self.known if reference in (one.name, f"{one.name}@{one.version}")]
        return max(found, key=lambda one: one.version or 0, default=None)

    def names(self) -> list[str]:
        """Every reference that can be found."""
        return [one.name if one.version is None else f"{one.name}@{one.version}" for one in self.known]


def put_in_place(tree: nodes.Template, environment: Environment, fragments: Fragments, report: Report) -> None:
    """Replace every include and import in a parsed text by what it names; what cannot be is reported."""
    _Composer(environment, fragments, report, budget=[MAX_INCLUDES, MAX_COMPOSED]).compose(tree)


@dataclass(frozen=True, slots=True)
class _Lent:
    """The macros and variables of a fragment under the names they have where they were imported."""

    names: Mapping[str, str]


class _Composer(NodeTransformer):
    """Composes one text; the fragments within it are composed by one of their own, a level deeper."""

    def __init__(
        self, environment: Environment, fragments: Fragments, report: Report, *, budget: list[int], depth: int = 0
    ) -> None:
        self._environment = environment
        self._fragments = fragments
        self._report = report
        self._budget = budget
        self._depth = depth
        self._tree = nodes.Template([])
        self._modules: dict[str, _Lent] = {}
        self._imported: dict[str, str] = {}

    def compose(self, tree: nodes.Template) -> None:
        """Compose a text in its own place."""
        self._tree = tree
        if next(iter(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport))), None) is not None:
            self.generic_visit(tree)

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802 (the visitor's own spelling)
        """The fragment's text, in a scope of its own as Jinja2 has it."""
        lent = self._load(node)
        return nodes.Scope(_without_idle(lent.body) if lent is not None else [], lineno=node.lineno)

    def visit_Import(self, node: nodes.Import) -> list[nodes.Node]:  # noqa: N802
        """The macros that are mentioned as `name.macro`."""
        lent = self._load(node)
        owners = [found for found in self._tree.find_all(nodes.Getattr) if _names(found.node) == node.target]
        return self._lend(lent, {found.attr: found.attr for found in owners}, node, module=node.target)

    def visit_FromImport(self, node: nodes.FromImport) -> list[nodes.Node]:  # noqa: N802
        """The macros named, and those they need."""
        wanted = dict((name, name) if isinstance(name, str) else name for name in node.names)
        return self._lend(self._load(node), wanted, node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        """A macro of an imported fragment under its new name."""
        lent = self._modules.get(_names(node.node))
        if lent is not None and node.attr in lent.names:
            return nodes.Name(lent.names[node.attr], "load", lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        """An imported macro under its new name."""
        node.name = self._imported.get(node.name, node.name)
        return node

    def _load(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> nodes.Template | None:
        fragment = self._find(node)
        if fragment is None:
            return None
        self._budget[0] -= 1
        self._budget[1] -= len(fragment.source)
        if self._depth == MAX_DEPTH or min(self._budget) < 0:
            self._refuse("Fragments include one another too often here, or for ever.", node)
            return None
        try:
            tree = self._environment.parse(fragment.source)
        except TemplateSyntaxError as error:
            self._refuse(f"The fragment of {fragment.name!r} is not valid: {error.message}.", node)
            return None
        self._compose_inner(tree, node)
        return tree

    def _find(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> Fragment | None:
        reference = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(reference, str):
            self._refuse("The name of a template stands here in quotes.", node, 'Write "name@2".')
            return None
        if isinstance(node, nodes.Include) and not node.with_context:
            self._refuse("`without context` has no meaning here: a fragment sees what the text sees.", node)
            return None
        fragment = self._fragments.find(reference)
        if fragment is None:
            hint = did_you_mean(reference, self._fragments.names())
            self._refuse(f"There is no template {reference[:80]!r} to take from.", node, hint or _PUSH)
        else:
            self._fragments.used[reference] = fragment.source
        return fragment

    def _compose_inner(self, tree: nodes.Template, node: nodes.Node) -> None:
        def report(message: str, _line: int, suggestion: str) -> None:
            # What is wrong within a fragment is told where it was taken from.
            self._report(message, node.lineno, suggestion)

        _Composer(self._environment, self._fragments, report, budget=self._budget, depth=self._depth + 1).compose(tree)
        tree.set_lineno(node.lineno, override=True)

    def _lend(
        self, tree: nodes.Template | None, wanted: Mapping[str, str], node: nodes.Node, module: str = ""
    ) -> list[nodes.Node]:
        defined = _definitions(tree)
        prefix = f"{_PREFIX}{self._depth}_{self._budget[0]}_"
        for name in [name for name in wanted if tree is not None and name not in defined]:
            self._refuse(f"The template lends no macro {name!r}.", node, did_you_mean(name, defined))
        found = {name: f"{prefix}{name}" for name in _closure(wanted, defined)}
        if module:
            self._modules[module] = _Lent(found)
        else:
            self._imported |= {alias: found[name] for name, alias in wanted.items() if name in found}
        return [_Renamer(found).visit(defined[name]) for name in defined if name in found]

    def _refuse(self, message: str, node: nodes.Node, suggestion: str = "") -> None:
        self._report(message, node.lineno, suggestion)


_PUSH = (
    "Keep it with `gristmill templates push FILE`, or write it behind this template after a line of three hyphens:"
    " name, version and fragment."
)


class _Renamer(NodeTransformer):
    """Gives the macros of a fragment, and every mention of them in it, names that clash with nothing."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._new = names

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        node.name = self._new.get(node.name, node.name)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        node.name = self._new.get(node.name, node.name)
        return self.generic_visit(node)


def _names(node: nodes.Node) -> str:
    return node.name if isinstance(node, nodes.Name) else ""


def _definitions(tree: nodes.Template | None) -> dict[str, nodes.Node]:
    """The macros and variables at the top of a fragment, in the order written."""
    return dict(_defined(tree.body)) if tree is not None else {}


def _defined(body: Iterable[nodes.Node]) -> Iterator[tuple[str, nodes.Node]]:
    for node in body:
        match node:
            case nodes.Macro(name=str() as name) | nodes.Assign(target=nodes.Name(name=str() as name)):
                yield name, node
            case _:
                pass


def _without_idle(body: list[nodes.Node]) -> list[nodes.Node]:
    """What a fragment prints, without the macros that only others import."""
    macros = {node.name: node for node in body if isinstance(node, nodes.Macro)}
    printing = [node for node in body if not isinstance(node, nodes.Macro)]
    called = {name.name for node in printing for name in node.find_all(nodes.Name)}
    needed = _closure(called, macros)
    return [node for node in body if not isinstance(node, nodes.Macro) or node.name in needed]


def _closure(wanted: Iterable[str], defined: Mapping[str, nodes.Node]) -> set[str]:
    """What is wanted, and all it needs of the same fragment."""
    found: set[str] = set()
    waiting = [name for name in wanted if name in defined]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [used.name for used in defined[name].find_all(nodes.Name) if used.name in defined]
    return found
