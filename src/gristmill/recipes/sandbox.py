# ruff: noqa: ANN401 (what a template touches can be anything; these are the signatures of Jinja2)
"""Where templates run: they reach nothing, change nothing, and grow nothing past a stated size."""

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gristmill.recipes.bounds import OPERATOR_CHECKS, bounded_range, check_method, check_size, printed
from gristmill.recipes.filters import FILTERS, REMOVED, join_texts
from gristmill.recipes.growing import GROWING_FILTERS
from gristmill.recipes.prose import PROSE_FILTERS
from gristmill.recipes.random_filters import RANDOM_FILTERS
from gristmill.recipes.work import CHARACTERS_PER_STEP, STEPS_PER_CALL, WORK, counted, counted_result

# Methods of text that pad or interpolate to any size, or that give bytes; filters of the same names stay.
_DENIED_METHODS = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate", "encode", "maketrans"}
)


# Filters that look at no more than the outside of what they are given, and tests that go through it.
_LOOKING_FILTERS = frozenset({"attr", "count", "d", "default", "first", "length", "list"})
_COMPARING_TESTS = frozenset(
    {"!=", "<", "<=", "==", ">", ">=", "eq", "equalto", "ge", "greaterthan", "gt", "in", "le", "lessthan", "lt", "ne"}
)


class MissingValue(StrictUndefined):
    """A name without a value: fails when used, but a path below it can be tested or given a default."""

    __slots__ = ()

    def __getattr__(self, name: str) -> "MissingValue":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: object) -> "MissingValue":  # type: ignore[override]
        return self


class _BoundedCodeGenerator(CodeGenerator):
    """Compiles what Jinja2 would do by itself into calls of the sandbox, and a count of steps into all that repeats."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 (the visitor's own spelling)
        self.write("environment.join_parts((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802
        count = _count_of(node)
        node.body.insert(0, nodes.ExprStmt(count, lineno=node.lineno))
        if node.test is not None:
            node.test = nodes.And(count, node.test, lineno=node.lineno)
        super().visit_For(node, frame)

    def macro_body(self, node: nodes.Macro | nodes.CallBlock, frame: Frame) -> Any:
        node.body.insert(0, nodes.ExprStmt(_count_of(node), lineno=node.lineno))
        return super().macro_body(node, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        self.write("(")
        self._write_operand(node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._write_operand(operand.expr, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.made(")
        super().visit_Getitem(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        self.write("{")
        for pair in node.items:
            self._write_operand(pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        # What a filter makes of a constant would be worked out here once, and repeated uncounted by a loop.
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _write_operand(self, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
            return
        self.write("environment.gone_through(")
        self.visit(node, frame)
        self.write(")")


def _count_of(node: nodes.Node) -> nodes.EnvironmentAttribute:
    """An expression that takes as many steps as what is repeated is long, and is true."""
    inner = node.find_all(nodes.Node)
    steps = sum(len(one.data) // CHARACTERS_PER_STEP if isinstance(one, nodes.TemplateData) else 1 for one in inner)
    # Jinja2 writes the name after "environment.": a call costs less so than as one that it would check itself.
    return nodes.EnvironmentAttribute(f"work.spend({steps + 1})", lineno=node.lineno)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox, where a field of a row hides a method of its type and operators are bounded."""

    intercepted_binops = frozenset(OPERATOR_CHECKS)
    code_generator_class = _BoundedCodeGenerator
    work = WORK

    def __init__(self) -> None:
        super().__init__(undefined=MissingValue, keep_trailing_newline=True, finalize=_print_value)
        self.globals.pop("lipsum", None)
        self.globals["range"] = bounded_range
        for name in REMOVED:
            self.filters.pop(name, None)
        filters = cast("dict[str, Callable[..., Any]]", self.filters)
        filters.update({**FILTERS, **GROWING_FILTERS, **RANDOM_FILTERS, **PROSE_FILTERS})
        for name, filter_ in filters.items():
            filters[name] = counted_result(filter_) if name in _LOOKING_FILTERS else counted(filter_)
        tests = cast("dict[str, Callable[..., Any]]", self.tests)
        tests.update({name: counted(tests[name]) for name in _COMPARING_TESTS})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The field of that name, and only then a method."""
        # An exact type is told ten times as fast as one of its kind, and nearly all rows and outputs are plain ones.
        if (type(obj) is dict or isinstance(obj, Mapping)) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def wrap_str_format(self, _value: Any) -> None:
        """Wrap nothing: `format` of text is refused like the other methods that pad, and its filter is bounded."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse also methods of text that grow it, and everything of numbers, whose methods write out huge ones."""
        if isinstance(obj, int | float | bytes) or (isinstance(obj, str) and attr in _DENIED_METHODS):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The item; a key of many parts is gone through first, as its hash is."""
        if type(argument) is tuple:
            WORK.spend_on(argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call, within the bounds of size and work."""
        WORK.spend(STEPS_PER_CALL)
        if type(obj) is not Macro:
            owner = getattr(obj, "__self__", None)
            if isinstance(obj, types.BuiltinMethodType) and isinstance(owner, str):
                if obj.__name__ == "join" and len(args) == 1:
                    return join_texts(owner, args[0])
                check_method(owner, obj.__name__, args)
            _spend_on_call(obj, owner, args, kwargs)
        return self.made(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply the operator unless its result would be too big."""
        OPERATOR_CHECKS[operator](left, right)
        WORK.spend(1)
        return self.made(super().call_binop(context, operator, left, right))

    def join_parts(self, parts: Sequence[object]) -> str:
        """The parts of a `~`, joined."""
        texts = [printed(part) for part in parts]
        size = sum(map(len, texts))
        check_size(size)
        WORK.spend(size // CHARACTERS_PER_STEP + 1)
        return "".join(texts)

    def made(self, value: Any) -> Any:
        """The value, which was made just now."""
        WORK.spend_on_copy(value)
        return value

    def gone_through(self, value: Any) -> Any:
        """The value, which is about to be compared."""
        WORK.spend_on(value)
        return value


def _spend_on_call(obj: object, owner: object, args: Sequence[object], kwargs: Mapping[str, object]) -> None:
    # Looking at a field costs nothing; `count`, `index`, `split` and the like go through all there is.
    if isinstance(owner, str | list | tuple) and isinstance(obj, types.BuiltinMethodType):
        WORK.spend_on(owner)
    for argument in args:
        WORK.spend_on(argument)
    for argument in kwargs.values():
        WORK.spend_on(argument)


def _print_value(value: object) -> str:
    if type(value) is str:
        text = value
    # A method printed instead of called is a slip, most often a missing field such as `product.values`.
    elif callable(value) and not isinstance(value, Undefined):
        raise TypeError(f"{getattr(value, '__name__', 'this')!r} is a function, not a value")
    else:
        text = printed(value)
    # What a macro or a block prints is not yet output, and is there several times before it is.
    WORK.spend(len(text) // CHARACTERS_PER_STEP)
    return text
