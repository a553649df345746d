"""What a Jinja2 text mentions of the names around it: paths such as `steps.question.output`, and which are optional."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile, takewhile
from typing import TypeAlias

from jinja2 import nodes

from gristmill.domain.scope import EACH

Path: TypeAlias = tuple[str, ...]
# What names of the text itself stand for: a path, where they are nothing but another name for it.
Bound: TypeAlias = Mapping[str, Path | None]

# Calls of macros whose arguments are followed into them, in one text: each takes a walk through the macro.
FOLLOWED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A path from a free name, written as `name` there; `is_optional` when the text has an answer to its absence
    (`default`, `is defined`). After `EACH` come the names that every element of a list is read by.
    """

    path: Path
    name: str
    line: int
    is_optional: bool = False

    @property
    def trunk(self) -> Path:
        """The names before the first `EACH`."""
        return tuple(takewhile(lambda name: name != EACH, self.path))


def find_mentions(template: nodes.Template, known: Iterable[str]) -> tuple[Mention, ...]:
    """Every mention of a name that neither the text itself nor `known` defines, each once, in the order written.

    A name that stands for a path (`set`, `with`, a loop's, a macro's parameter) is followed.
    """
    walk = _Walk(bound=dict.fromkeys(known), macros=_macros(template.body))
    walk.visit_all(template.body)
    return tuple(dict.fromkeys(walk.mentions))


@dataclass(slots=True)
class _Walk:
    """One scope of the walk: names it binds, and paths known to exist within it.

    `macros` may be called from within macros that stand before them. `followed` are the calls of macros that were
    walked through, each with its macro's name and what its parameters stand for.
    """

    bound: Bound
    macros: Mapping[str, nodes.Macro] = field(default_factory=dict)
    tested: frozenset[Path] = frozenset()
    is_macro: bool = False
    followed: set[tuple[str, tuple[Path | None, ...]]] = field(default_factory=set)
    mentions: list[Mention] = field(default_factory=list)

    def inner(self, *, bound: Bound | None = None, tested: Iterable[Path] = (), is_macro: bool = False) -> "_Walk":
        return replace(
            self,
            bound={**self.bound, **(bound or {})},
            tested=self.tested | set(tested),
            is_macro=self.is_macro or is_macro,
        )

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
            case nodes.Call():
                self.visit_all(node.iter_child_nodes())
                self.follow_call(node)
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
        unrolled = _unroll(node)
        self.visit_all(unrolled.computed)
        if not isinstance(unrolled.base, nodes.Name):
            self.visit(unrolled.base, is_optional=is_optional)
            return
        path = self.place(unrolled)
        if path is not None:
            known = any(path[: len(tested)] == tested for tested in self.tested)
            name, line = unrolled.base.name, unrolled.base.lineno
            # An element is there where its list is.
            path = tuple(dropwhile(lambda name: name == EACH, reversed(path)))[::-1]
            self.mentions.append(Mention(path=path, name=name, line=line, is_optional=is_optional or known))

    def path_of(self, node: nodes.Node) -> Path | None:
        """The path that an expression is, if it is nothing else."""
        unrolled = _unroll(node)
        return None if unrolled.computed else self.place(unrolled)

    def place(self, unrolled: "_Unrolled") -> Path | None:
        """The path as far as it is known; None if it begins with no name, or with one that stands for no path."""
        if not isinstance(unrolled.base, nodes.Name):
            return None
        name = unrolled.base.name
        beginning = self.bound.get(name, (name,))
        return None if beginning is None else (*beginning, *unrolled.names)

    def bind(self, target: nodes.Node, path: Path | None) -> Bound:
        """What a target stands for that is given what lies at a path: names that share it out stand for none."""
        return {target.name: path} if isinstance(target, nodes.Name) else dict.fromkeys(_targets(target))

    def visit_branches(self, node: nodes.Node) -> None:
        match node:
            case nodes.And():
                self.visit(node.left)
                self.inner(tested=self.tested_by(node.left, outcome=True)).visit(node.right)
            case nodes.Or():
                self.visit(node.left)
                self.inner(tested=self.tested_by(node.left, outcome=False)).visit(node.right)
            case nodes.CondExpr():
                self.visit(node.test)
                self.inner(tested=self.tested_by(node.test, outcome=True)).visit(node.expr1)
                if node.expr2 is not None:
                    self.inner(tested=self.tested_by(node.test, outcome=False)).visit(node.expr2)
            case nodes.If():
                self.visit_if(node)
            case _:
                raise AssertionError(node)

    def visit_if(self, node: nodes.If) -> None:
        self.visit(node.test)
        absent = self.inner(tested=self.tested_by(node.test, outcome=False))
        branches = [(self.inner(tested=self.tested_by(node.test, outcome=True)), node.body)]
        branches += [(absent, [branch]) for branch in node.elif_]
        branches.append((absent, node.else_))
        for walk, body in branches:
            walk.visit_all(body)
        self.bound = _merged([walk.bound for walk, _ in branches])

    def visit_scope(self, node: nodes.Node) -> None:
        match node:
            case nodes.For():
                self.visit_loop(node)
            case nodes.Assign():
                self.visit(node.node)
                self.bound = {**self.bound, **self.bind(node.target, self.path_of(node.node))}
            case nodes.AssignBlock():
                self.inner().visit_all([*([node.filter] if node.filter else []), *node.body])
                self.bound = {**self.bound, **self.bind(node.target, None)}
            case nodes.With():
                self.visit_all(node.values)
                bound: dict[str, Path | None] = {}
                for target, value in zip(node.targets, node.values, strict=True):
                    bound |= self.bind(target, self.path_of(value))
                self.inner(bound=bound).visit_all(node.body)
            case nodes.Macro() | nodes.CallBlock():
                self.visit_macro(node)
            case nodes.FilterBlock() | nodes.Scope():
                inner = self.inner()
                inner.macros = {**inner.macros, **_macros(node.body)}
                inner.visit_all(node.iter_child_nodes())
            case _:
                self.visit_all(node.iter_child_nodes())

    def visit_loop(self, node: nodes.For) -> None:
        self.visit(node.iter)
        path = self.path_of(node.iter)
        each = (*path, EACH) if path is not None else None
        inner = self.inner(bound={**self.bind(node.target, each), "loop": None})
        if node.test is not None:
            inner.visit(node.test)
            inner = inner.inner(tested=inner.tested_by(node.test, outcome=True))
        inner.visit_all(node.body)
        self.inner().visit_all(node.else_)

    def visit_macro(self, node: nodes.Macro | nodes.CallBlock) -> None:
        self.visit_all(node.defaults)
        if isinstance(node, nodes.CallBlock):
            self.visit(node.call)
        else:
            self.bound = {**self.bound, node.name: None}
        self.visit_body(node, {})

    def visit_body(self, node: nodes.Macro | nodes.CallBlock, parameters: Bound) -> None:
        names = dict.fromkeys([*(argument.name for argument in node.args), *self.macros, *_IN_MACROS])
        self.inner(bound={**names, **parameters}, is_macro=True).visit_all(node.body)

    def follow_call(self, node: nodes.Call) -> None:
        """Walk through the macro that is called, its parameters standing for the paths they are given."""
        match node.node:
            case nodes.Name(name=name) if name in self.macros and not self.is_macro:
                macro = self.macros[name]
            case _:
                return
        given = dict(zip((argument.name for argument in macro.args), map(self.path_of, node.args), strict=False))
        given |= {argument.key: self.path_of(argument.value) for argument in node.kwargs}
        call = (name, tuple(given.get(argument.name) for argument in macro.args))
        if any(given.values()) and call not in self.followed and len(self.followed) < FOLLOWED:
            self.followed.add(call)
            self.visit_body(macro, given)

    def tested_by(self, test: nodes.Node, *, outcome: bool) -> frozenset[Path]:
        """The paths that must exist when the test came out so."""
        match test:
            case nodes.Not(node=inner):
                return self.tested_by(inner, outcome=not outcome)
            case nodes.And(left=left, right=right) if outcome:
                return self.tested_by(left, outcome=True) | self.tested_by(right, outcome=True)
            case nodes.Or(left=left, right=right) if not outcome:
                return self.tested_by(left, outcome=False) | self.tested_by(right, outcome=False)
            case nodes.Test(name=name, node=subject) if name == ("defined" if outcome else "undefined"):
                path = self.place(_unroll(subject))
                return frozenset() if path is None else frozenset({path})
            case _:
                return frozenset()


_IN_MACROS = ("caller", "varargs", "kwargs")


@dataclass(frozen=True, slots=True)
class _Unrolled:
    """What an expression such as `base.name[computed]` begins with, the names that follow, and what is computed."""

    base: nodes.Node
    names: Path
    computed: list[nodes.Node]


def _unroll(node: nodes.Node) -> _Unrolled:
    names: list[str] = []
    computed: list[nodes.Node] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        match node:
            case nodes.Getattr():
                names.append(node.attr)
            case nodes.Getitem(arg=nodes.Const(value=str() as key)):
                names.append(key)
            case nodes.Getitem():
                # What it leads to is not known, so neither is what follows.
                names.clear()
                computed.append(node.arg)
        node = node.node
    return _Unrolled(node, tuple(reversed(names)), computed)


def _merged(branches: Sequence[Bound]) -> Bound:
    """What names stand for after one of the branches."""
    stands = {name: {bound.get(name) for bound in branches} for bound in branches for name in bound}
    return {name: paths.pop() if len(paths) == 1 else None for name, paths in stands.items()}


def _macros(body: Iterable[nodes.Node]) -> Mapping[str, nodes.Macro]:
    return {node.name: node for node in body if isinstance(node, nodes.Macro)}


def _targets(target: nodes.Node) -> Iterator[str]:
    return (name.name for name in target.find_all(nodes.Name))
