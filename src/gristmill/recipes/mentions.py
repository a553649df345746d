"""What a Jinja2 text mentions of the names around it: paths such as `steps.question.output`, and which are optional."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from jinja2 import nodes

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A path from a free name; `is_optional` when the text has an answer to its absence (`default`, `is defined`)."""

    path: Path
    line: int
    is_optional: bool = False


def find_mentions(template: nodes.Template, known: Iterable[str]) -> tuple[Mention, ...]:
    """Every mention of a name that neither the text itself nor `known` defines, each once, in the order written."""
    walk = _Walk(bound=frozenset(known), macros=_macros(template.body))
    walk.visit_all(template.body)
    return tuple(dict.fromkeys(walk.mentions))


@dataclass(slots=True)
class _Walk:
    """One scope of the walk: names it binds, and paths known to exist within it.

    `macros` may be called from within macros that stand before them.
    """

    bound: frozenset[str]
    macros: frozenset[str] = frozenset()
    tested: frozenset[Path] = frozenset()
    mentions: list[Mention] = field(default_factory=list)

    def inner(self, *, bound: Iterable[str] = (), tested: Iterable[Path] = ()) -> "_Walk":
        return replace(self, bound=self.bound | set(bound), tested=self.tested | set(tested))

    def visit_all(self, found: Iterable[nodes.Node]) -> None:
        for node in found:
            self.visit(node)

    def visit(self, node: nodes.Node, *, is_optional: bool = False) -> None:
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                self.visit_path(node, is_optional=is_optional)
            case nodes.Call(node=nodes.Getattr(node=owner)):
                self.visit(owner, is_optional=is_optional)
                self.visit_all(list(node.iter_child_nodes(exclude=("node",))))
            case nodes.Filter(name="default" | "d", node=nodes.Node() as value):
                self.visit(value, is_optional=True)
                self.visit_all(list(node.iter_child_nodes(exclude=("node",))))
            case nodes.Test(name="defined" | "undefined"):
                self.visit(node.node, is_optional=True)
            case nodes.If() | nodes.CondExpr() | nodes.And() | nodes.Or():
                self.visit_branches(node)
            case _:
                self.visit_scope(node)

    def visit_path(self, node: nodes.Expr, *, is_optional: bool) -> None:
        names: list[str] = []
        base: nodes.Node = node
        while isinstance(base, nodes.Getattr | nodes.Getitem):
            match base:
                case nodes.Getattr():
                    names.append(base.attr)
                case nodes.Getitem(arg=nodes.Const(value=str() as key)):
                    names.append(key)
                case nodes.Getitem():
                    names.clear()
                    self.visit(base.arg)
            base = base.node
        if not isinstance(base, nodes.Name):
            self.visit(base, is_optional=is_optional)
        elif base.name not in self.bound:
            path = (base.name, *reversed(names))
            known = any(path[: len(tested)] == tested for tested in self.tested)
            self.mentions.append(Mention(path=path, line=base.lineno, is_optional=is_optional or known))

    def visit_branches(self, node: nodes.Node) -> None:
        match node:
            case nodes.And():
                self.visit(node.left)
                self.inner(tested=_tested(node.left, outcome=True)).visit(node.right)
            case nodes.Or():
                self.visit(node.left)
                self.inner(tested=_tested(node.left, outcome=False)).visit(node.right)
            case nodes.CondExpr():
                self.visit(node.test)
                self.inner(tested=_tested(node.test, outcome=True)).visit(node.expr1)
                if node.expr2 is not None:
                    self.inner(tested=_tested(node.test, outcome=False)).visit(node.expr2)
            case nodes.If():
                self.visit_if(node)
            case _:
                raise AssertionError(node)

    def visit_if(self, node: nodes.If) -> None:
        self.visit(node.test)
        absent = self.inner(tested=_tested(node.test, outcome=False))
        branches = [(self.inner(tested=_tested(node.test, outcome=True)), node.body)]
        branches += [(absent, [branch]) for branch in node.elif_]
        branches.append((absent, node.else_))
        for walk, body in branches:
            walk.visit_all(body)
            self.bound |= walk.bound

    def visit_scope(self, node: nodes.Node) -> None:
        match node:
            case nodes.For():
                self.visit(node.iter)
                names = {*_targets(node.target), "loop"}
                self.inner(bound=names).visit_all([*([node.test] if node.test else []), *node.body])
                self.inner().visit_all(node.else_)
            case nodes.Assign():
                self.visit(node.node)
                self.bound |= set(_targets(node.target))
            case nodes.AssignBlock():
                self.inner().visit_all([*([node.filter] if node.filter else []), *node.body])
                self.bound |= set(_targets(node.target))
            case nodes.With():
                self.visit_all(node.values)
                names = {name for target in node.targets for name in _targets(target)}
                self.inner(bound=names).visit_all(node.body)
            case nodes.Macro() | nodes.CallBlock():
                self.visit_macro(node)
            case nodes.FilterBlock() | nodes.Scope():
                inner = self.inner()
                inner.macros |= _macros(node.body)
                inner.visit_all(node.iter_child_nodes())
            case _:
                self.visit_all(node.iter_child_nodes())

    def visit_macro(self, node: nodes.Macro | nodes.CallBlock) -> None:
        self.visit_all(node.defaults)
        if isinstance(node, nodes.CallBlock):
            self.visit(node.call)
        else:
            self.bound |= {node.name}
        names = {argument.name for argument in node.args}
        self.inner(bound={*names, *self.macros, "caller", "varargs", "kwargs"}).visit_all(node.body)


def _macros(body: Iterable[nodes.Node]) -> frozenset[str]:
    return frozenset(node.name for node in body if isinstance(node, nodes.Macro))


def _targets(target: nodes.Node) -> Iterator[str]:
    if isinstance(target, nodes.Name):
        yield target.name
    else:
        yield from (name.name for name in target.find_all(nodes.Name))


def _tested(test: nodes.Node, *, outcome: bool) -> frozenset[Path]:
    """The paths that must exist when the test came out so."""
    match test:
        case nodes.Not(node=inner):
            return _tested(inner, outcome=not outcome)
        case nodes.And(left=left, right=right) if outcome:
            return _tested(left, outcome=True) | _tested(right, outcome=True)
        case nodes.Or(left=left, right=right) if not outcome:
            return _tested(left, outcome=False) | _tested(right, outcome=False)
        case nodes.Test(name=name, node=subject) if name == ("defined" if outcome else "undefined"):
            walk = _Walk(bound=frozenset())
            walk.visit(subject)
            return frozenset(mention.path for mention in walk.mentions)
        case _:
            return frozenset()
