# ruff: noqa: ANN401 (what a template touches can be anything; these are the signatures of Jinja2)
"""Where templates run: they reach nothing, change nothing, and grow nothing past a stated size."""

import types
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gristmill.recipes.bounds import OPERATOR_CHECKS, bounded_range, check_method, check_size, printed
from gristmill.recipes.filters import FILTERS, REMOVED
from gristmill.recipes.prose import PROSE_FILTERS
from gristmill.recipes.random_filters import RANDOM_FILTERS

# Methods of text that pad or interpolate to any size, or that give bytes; filters of the same names stay.
_DENIED_METHODS = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate", "encode", "maketrans"}
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
    """Sends `~` through the same bound as the other operators."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 (the visitor's own spelling)
        self.write("environment.join_parts((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox, where a field of a row hides a method of its type and operators are bounded."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _BoundedCodeGenerator

    def __init__(self) -> None:
        super().__init__(undefined=MissingValue, keep_trailing_newline=True, finalize=_print_value)
        self.globals.pop("lipsum", None)
        self.globals["range"] = bounded_range
        for name in REMOVED:
            self.filters.pop(name, None)
        self.filters.update({**FILTERS, **RANDOM_FILTERS, **PROSE_FILTERS})

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

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call, within the bound where text could grow by it."""
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str) and isinstance(obj, types.BuiltinMethodType):
            check_method(owner, obj.__name__, args)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply the operator unless its result would be too big."""
        OPERATOR_CHECKS[operator](left, right)
        return super().call_binop(context, operator, left, right)

    def join_parts(self, parts: Sequence[object]) -> str:
        """The parts of a `~`, joined."""
        texts = [printed(part) for part in parts]
        check_size(sum(map(len, texts)))
        return "".join(texts)


def _print_value(value: object) -> object:
    # A method printed instead of called is a slip, most often a missing field such as `product.values`.
    if callable(value) and not isinstance(value, Undefined):
        raise TypeError(f"{getattr(value, '__name__', 'this')!r} is a function, not a value")
    return printed(value)
