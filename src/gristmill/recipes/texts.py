"""One text of a template, compiled: constant, mixed, or a single expression whose value keeps its type."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context

from gristmill.domain.json import Json
from gristmill.errors import RenderError, TemplateTooExpensiveError
from gristmill.recipes.bounds import MAX_OUTPUT_CHARACTERS, bounded_text, too_big
from gristmill.recipes.composition import Fragments, put_in_place
from gristmill.recipes.document import Scalar
from gristmill.recipes.findings import Code, Findings, Spot, did_you_mean
from gristmill.recipes.mentions import Mention, Path, find_mentions
from gristmill.recipes.random_filters import place_draws
from gristmill.recipes.sandbox import Sandbox
from gristmill.recipes.work import MAX_STEPS_OF_WORK, STEPS_PER_PART, STEPS_PER_TEXT, WORK

SANDBOX = Sandbox()
MAX_VALUE_DEPTH = 64

# The name under which a single expression leaves its value; one that no template would think of.
_RESULT = "gristmill_result"

# Templates take from one another by fragments: inheritance would be a second way.
_REFUSED_TAGS: dict[type[nodes.Node], str] = {nodes.Extends: "extends", nodes.Block: "block"}

NO_FRAGMENTS = Fragments()

_TOO_LONG = (
    "With this, the template's expressions have more parts (names, filters, tags) than can be compiled in a moment:"
    f" at most {MAX_STEPS_OF_WORK // STEPS_PER_PART:,}."
)
_SHORTEN = "Make a loop of what repeats, or split the template."

_ABSENT = object()


class Names(dict[str, Any]):
    """What texts can mention, the sandbox's own names with it."""

    _context: Context | None = None

    @property
    def context(self) -> Context:
        """Where any number of expressions find the names: making one costs more than most expressions do."""
        if self._context is None:
            self._context = SANDBOX.context_class(SANDBOX, self, None, {})
        return self._context


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A compiled text. `template` is None when it is constant; `spots` has the source place of each mention.

    `reads` is the path whose value the expression is, such as `steps.question.output`, when it does no more than that.
    """

    source: str
    template: Template | None = field(default=None, compare=False, repr=False)
    is_expression: bool = False
    reads: Path = ()
    mentions: tuple[Mention, ...] = ()
    spots: tuple[Spot, ...] = ()
    path: str = ""


def compile_text(
    scalar: Scalar, findings: Findings, path: str, *, keeps_type: bool = False, fragments: Fragments = NO_FRAGMENTS
) -> Text:
    """The text of a scalar, with what it includes of `fragments`; what is wrong with it goes to the findings.

    With `keeps_type` a text that is a single `{{ expression }}` gives the expression's value rather than its text.
    """
    source = str(scalar.value)
    if scalar.is_block:
        source = source.removesuffix("\n")
    if "{" not in source:
        return Text(source=source, path=path)
    try:
        WORK.is_on = True
        tree = SANDBOX.parse(source.strip() if keeps_type else source)
        _compose(tree, scalar, findings, path, fragments)
        return _compile(source, tree, scalar, findings, path, keeps_type=keeps_type)
    except TemplateSyntaxError as error:
        findings.error(Code.INVALID_EXPRESSION, _sentence(error.message), scalar.locate(error.lineno), path=path)
    except TemplateTooExpensiveError:
        findings.error(Code.TOO_EXPENSIVE, _TOO_LONG, scalar.locate(1), path=path, suggestion=_SHORTEN)
    except Exception as error:  # noqa: BLE001 (Jinja2 and Python's compiler fail in many ways on hostile text)
        findings.error(Code.INVALID_EXPRESSION, _too_complex(error), scalar.locate(1), path=path)
    finally:
        WORK.is_on = False
    return Text(source=source, path=path)


def _compose(tree: nodes.Template, scalar: Scalar, findings: Findings, path: str, fragments: Fragments) -> None:
    def report(message: str, line: int, suggestion: str) -> None:
        spot = scalar.locate(line, "")
        findings.error(Code.UNKNOWN_TEMPLATE, message, spot, path=path, suggestion=suggestion)

    put_in_place(tree, SANDBOX, fragments, report)
    # Jinja2 and Python take up to a millisecond for each part, and work out what is constant besides.
    WORK.spend(STEPS_PER_TEXT + STEPS_PER_PART * sum(1 for _ in tree.find_all(nodes.Node)))


def _compile(
    source: str, tree: nodes.Template, scalar: Scalar, findings: Findings, path: str, *, keeps_type: bool
) -> Text:
    before = len(findings.found)
    _refuse_unknown(tree, scalar, findings, path)
    mentions = find_mentions(tree, SANDBOX.globals)
    place_draws(tree, path)
    expression = _single_expression(tree) if keeps_type else None
    template = None
    if len(findings.found) == before:
        template = SANDBOX.from_string(_keeping_result(expression) if expression else tree)
        # Jinja2's chain of maps is gone through anew for every text that is rendered: a quarter of a record's cost.
        template.globals = dict(template.globals)
    return Text(
        source=source,
        template=template,
        is_expression=expression is not None,
        reads=_path_of(expression) if expression else (),
        mentions=mentions,
        spots=tuple(scalar.locate(mention.line, mention.name) for mention in mentions),
        path=path,
    )


def _refuse_unknown(tree: nodes.Template, scalar: Scalar, findings: Findings, path: str) -> None:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        name = node.name
        kind, known = ("filter", SANDBOX.filters) if isinstance(node, nodes.Filter) else ("test", SANDBOX.tests)
        if name not in known:
            spot = scalar.locate(node.lineno, name)
            hint = did_you_mean(name, known)
            findings.error(Code.UNKNOWN_FILTER, f"There is no {kind} {name!r}.", spot, path=path, suggestion=hint)
    for modifier in tree.find_all(nodes.EvalContextModifier):
        message = "`{% autoescape %}` is for HTML; a prompt is plain text."
        findings.error(Code.INVALID_EXPRESSION, message, scalar.locate(modifier.lineno, "autoescape"), path=path)
    for statement in tree.find_all(tuple(_REFUSED_TAGS)):
        tag = _REFUSED_TAGS[type(statement)]
        message = f"`{{% {tag} %}}` has no place here."
        spot = scalar.locate(statement.lineno, tag)
        findings.error(Code.INVALID_EXPRESSION, message, spot, path=path, suggestion="Include or import a fragment.")


def _single_expression(tree: nodes.Template) -> nodes.Expr | None:
    match tree.body:
        case [nodes.Output(nodes=[nodes.Expr() as expression])] if not isinstance(expression, nodes.TemplateData):
            return expression
        case _:
            return None


def _path_of(expression: nodes.Expr) -> Path:
    keys: list[str] = []
    while isinstance(expression, nodes.Getattr):
        keys.append(expression.attr)
        expression = expression.node
    return (expression.name, *reversed(keys)) if isinstance(expression, nodes.Name) else ()


def _keeping_result(expression: nodes.Expr) -> nodes.Template:
    assign = nodes.Assign(nodes.Name(_RESULT, "store", lineno=1), expression, lineno=1)
    tree = nodes.Template([assign], lineno=1)
    tree.set_environment(SANDBOX)
    return tree


def render_text(text: Text, names: Names) -> str:
    """The text with its expressions filled in; `names` hold the sandbox's own too, and are only read.

    Raises RenderError and TemplateTooExpensiveError.
    """
    if text.template is None:
        return text.source
    try:
        WORK.is_on = True
        rendered = bounded_text(text.template.root_render_func(text.template.new_context(names, shared=True)))
        # Half a surrogate pair can be written as an escape; no provider takes it.
        return rendered if rendered.isascii() else rendered.encode().decode()
    except Exception as error:
        raise _refusal(text, error) from error
    finally:
        WORK.is_on = False


def evaluate(text: Text, names: Names) -> Json:
    """The value of a single expression in its own type, or else the rendered text. Raises like `render_text`."""
    if text.template is None or not text.is_expression:
        return render_text(text, names)
    try:
        WORK.is_on = True
        value = _read(text.reads, names) if text.reads else _ABSENT
        if value is _ABSENT:
            context = names.context
            for _ in text.template.root_render_func(context):
                pass
            value = context.vars.pop(_RESULT)
        return _plain(value)
    except Exception as error:
        raise _refusal(text, error) from error
    finally:
        WORK.is_on = False


def _read(path: Path, names: Names) -> object:
    """What stands at the path, as the template would find it: most expressions are no more, and this is a tenth of it.

    `_ABSENT` where the template knows better, as what is missing or what is no plain object.
    """
    value: object = names
    for key in path:
        if type(value) is not dict and value is not names:
            return _ABSENT
        value = value.get(key, _ABSENT)
    return value


def _refusal(text: Text, error: Exception) -> RenderError | TemplateTooExpensiveError:
    refusal = TemplateTooExpensiveError if isinstance(error, TemplateTooExpensiveError) else RenderError
    return refusal(f"{text.path}: {_reason(error)}")


def _reason(error: Exception) -> str:
    match error:
        case RecursionError():
            return "it nests too deeply"
        case TemplateError() | TemplateTooExpensiveError() | TypeError() | ValueError():
            return str(error)[:500]
        case _:
            return f"{type(error).__name__}: {str(error)[:500]}"


def _sentence(message: str | None) -> str:
    text = (message or "this is not a valid expression").strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:500]}."


def _too_complex(error: Exception) -> str:
    return f"This text is too complex to compile ({type(error).__name__})."


def _plain(value: object) -> Json:
    if type(value) is str and len(value) <= MAX_OUTPUT_CHARACTERS and value.isascii():
        return value
    return _Plain().of(value, MAX_VALUE_DEPTH)


@dataclass(slots=True)
class _Plain:
    """Turns a template's value into JSON, counting what it makes."""

    size: int = 0

    def of(self, value: object, depth: int) -> Json:
        self.size += len(value) + 1 if isinstance(value, str) else 1
        if self.size > MAX_OUTPUT_CHARACTERS or depth == 0:
            too_big("the value")
        match value:
            case None | bool():
                return value
            case int():
                return _json_integer(value)
            case float():
                return _json_number(value)
            case str():
                return value if value.isascii() else value.encode().decode()
            case _:
                return self.many(value, depth)

    def many(self, value: object, depth: int) -> Json:
        match value:
            case Undefined():
                # Its own text is the best account of what is missing; asking for it raises.
                raise ValueError(str(value))
            case Mapping():
                return {str(key): self.of(item, depth - 1) for key, item in value.items()}
            case Iterable():
                # Filters such as `map` and `select` give generators.
                return [self.of(item, depth - 1) for item in value]
            case _:
                raise TypeError(f"a {type(value).__name__} is no JSON value")


def _json_integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("a whole number passes 64 bits")
    return value


def _json_number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    return value
