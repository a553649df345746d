"""From the nodes of a document to the parts of a recipe, each key checked by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gristmill.domain.completion import Sampling
from gristmill.recipes.document import Listing, Node, Scalar, Table, plain
from gristmill.recipes.findings import Code
from gristmill.recipes.json_schemas import compile_schema, schema_text
from gristmill.recipes.reader import RESERVED, Reader, below
from gristmill.recipes.recipe import Attempts, Check, Constant, Expect, ListOf, ObjectOf, Shape, Step, Turn, Unique
from gristmill.recipes.texts import Text, compile_text
from gristmill.recipes.variation import Choice, IntegerRange, NumberRange, RoundedRange, Variation

# What the template and its steps fall back to.
DEFAULT_MODEL = "cheap"
DEFAULT_MAX_TOKENS = 512

MAX_STEPS = 32
MAX_NAME = 64
MAX_TOKENS = 1_000_000
MAX_TIMEOUT_SECONDS = 3600
MAX_REPAIR = 10
MAX_REDRAW = 100
MAX_DECIMALS = 9
# Whole numbers up to here are exact in every JSON reader (2**53 - 1).
MAX_INTEGER = 9_007_199_254_740_991
MAX_NUMBER = 1e15
MAX_WEIGHT = 1e9

SAMPLING_KEYS = ("temperature", "top_p", "max_tokens", "stop", "timeout")
TEMPLATE_KEYS = ("name", "description", "seeds", "vary", "defaults", "steps", "record", "checks", "attempts")
STEP_KEYS = ("id", "when", "model", "system", "prompt", "output", *SAMPLING_KEYS)
COMING_STEP_KEYS = ("messages", "examples")
VARY_KEYS = ("choice", "integer", "number", "round")
COMING_VARY_KEYS = ("seeds",)
CHECK_KEYS = ("expect", "unique", "reason")
COMING_CHECK_KEYS = ("distinct", "judge", "similarity", "ask", "at_least")
ATTEMPTS_KEYS = ("repair", "redraw")

_NAME = re.compile(rf"[a-z0-9-]{{1,{MAX_NAME}}}")
_MODEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(:\S+)?")


@dataclass(slots=True, kw_only=True)
class Draft:
    """A template read key by key; nothing is known yet of how its parts fit together."""

    name: str = ""
    description: str = ""
    seeds: Table | None = None
    vary: dict[str, Variation] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    record: ObjectOf | None = None
    checks: list[Check] = field(default_factory=list)
    attempts: Attempts = field(default_factory=Attempts)


def read_draft(root: Node, reader: Reader) -> Draft:
    """The parts of a template, as far as they can be read."""
    fields = reader.fields(root, "", TEMPLATE_KEYS, coming=("export",))
    draft = Draft()
    if not fields:
        return draft
    for key in ("name", "steps"):
        if key not in fields:
            reader.missing(root, "", key)
    if "name" in fields:
        draft.name = _read_name(reader, fields["name"])
    if "description" in fields:
        draft.description = reader.string(fields["description"], "description") or ""
    if "seeds" in fields:
        draft.seeds = _read_seeds(reader, fields["seeds"])
    if "vary" in fields:
        draft.vary = _read_vary(reader, fields["vary"])
    if "steps" in fields:
        draft.steps = _read_steps(reader, fields["steps"], fields.get("defaults"))
    if "record" in fields:
        draft.record = _read_record(reader, fields["record"])
    if "checks" in fields:
        draft.checks = _read_checks(reader, fields["checks"])
    if "attempts" in fields:
        draft.attempts = _read_attempts(reader, fields["attempts"])
    return draft


def _read_name(reader: Reader, node: Node) -> str:
    name = reader.string(node, "name")
    if name is not None and not _NAME.fullmatch(name):
        hint = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_NAME]
        message = f"A name has 1 to {MAX_NAME} lower case letters, digits and hyphens."
        reader.findings.error(
            Code.INVALID_NAME, message, node.spot, path="name", suggestion=f"Write {hint!r}." if hint else ""
        )
    return name or ""


def _read_seeds(reader: Reader, node: Node) -> Table | None:
    if not isinstance(node, Table):
        reader.wrong_type(node, "seeds", "a JSON Schema of one seed row")
        return None
    if compile_schema(node, reader.findings, "seeds") is None:
        return None
    properties = next((entry.node for entry in node.entries if entry.name == "properties"), None)
    for entry in properties.entries if isinstance(properties, Table) else ():
        if entry.name in RESERVED:
            message = f"The name {entry.name!r} is reserved."
            reader.findings.error(Code.NAME_CLASH, message, entry.key.spot, path=f"seeds.properties.{entry.name}")
    return node


def _read_vary(reader: Reader, node: Node) -> dict[str, Variation]:
    kept = {}
    for name, variation in reader.named(node, "vary").items():
        path = f"vary.{name}"
        if reader.identifier(name, reader.spots[path], path):
            kept[name] = _read_variation(reader, variation, path) or Choice.uniform((None,))
    return kept


def _read_variation(reader: Reader, node: Node, path: str) -> Variation | None:
    if isinstance(node, Listing):
        return _read_choice(reader, node, path)
    if not isinstance(node, Table):
        reader.wrong_type(node, path, "a list of options, or a mapping such as {integer: [1, 6]}")
        return None
    fields = reader.fields(node, path, VARY_KEYS, COMING_VARY_KEYS)
    kinds = [key for key in fields if key != "round"]
    if "round" in fields and "number" not in fields:
        reader.wrong_value(fields["round"], f"{path}.round", "Only a number can be rounded.")
    if len(kinds) != 1:
        if kinds or not any(entry.name in COMING_VARY_KEYS for entry in node.entries):
            reader.wrong_value(node, path, "Write exactly one of choice, integer and number.")
        return None
    inner = f"{path}.{kinds[0]}"
    match kinds[0]:
        case "choice":
            return _read_choice(reader, fields["choice"], inner)
        case "integer":
            return _read_integer(reader, fields["integer"], inner)
        case _:
            return _read_number(reader, fields["number"], fields.get("round"), path)


def _read_choice(reader: Reader, node: Node, path: str) -> Variation | None:
    if isinstance(node, Listing):
        if not node.items:
            reader.wrong_value(node, path, "There must be at least one option.")
            return None
        return Choice.uniform(tuple(plain(item) for item in node.items))
    if not isinstance(node, Table) or not node.entries:
        reader.wrong_type(node, path, "a list of options, or a mapping of options to weights")
        return None
    weights = [reader.number(e.node, below(path, e.name), 0, MAX_WEIGHT) for e in node.entries]
    known = tuple(weight for weight in weights if weight is not None)
    if len(known) < len(weights):
        return None
    if not any(known):
        reader.wrong_value(node, path, "At least one weight must be above 0.")
        return None
    return Choice.weighted(tuple(entry.key.value for entry in node.entries), known)


def _read_bounds(reader: Reader, node: Node, path: str, limit: float) -> tuple[float, float] | None:
    items = reader.items(node, path)
    if isinstance(node, Listing) and len(items) != 2:  # noqa: PLR2004
        reader.wrong_value(node, path, "Write the lowest and the highest, such as [1, 6].")
    bounds = [reader.number(item, path, -limit, limit) for item in items[:2]]
    match bounds:
        case [int() | float() as low, int() | float() as high]:
            if low <= high:
                return low, high
            reader.wrong_value(node, path, f"{low} is above {high}.", f"Write [{high}, {low}].")
    return None


def _read_integer(reader: Reader, node: Node, path: str) -> Variation | None:
    match _read_bounds(reader, node, path, MAX_INTEGER):
        case (int() as low, int() as high):
            return IntegerRange(low, high)
        case (_, _):
            reader.wrong_type(node, path, "two whole numbers")
    return None


def _read_number(reader: Reader, node: Node, places: Node | None, path: str) -> Variation | None:
    bounds = _read_bounds(reader, node, f"{path}.number", MAX_NUMBER)
    if bounds is None:
        return None
    if places is None:
        return NumberRange(float(bounds[0]), float(bounds[1]))
    decimals = reader.integer(places, f"{path}.round", 0, MAX_DECIMALS)
    if decimals is None:
        return None
    low, high = (Decimal(repr(bound)).scaleb(decimals) for bound in bounds)
    first, last = int(low.to_integral_value(ROUND_CEILING)), int(high.to_integral_value(ROUND_FLOOR))
    if first > last:
        reader.wrong_value(node, f"{path}.number", f"No number with {decimals} decimals lies between these.")
        return None
    return RoundedRange(first, last, decimals)


def _read_steps(reader: Reader, node: Node, defaults: Node | None) -> list[Step]:
    inherited = _Calling(model=DEFAULT_MODEL, sampling=Sampling(max_tokens=DEFAULT_MAX_TOKENS))
    if defaults is not None:
        fields = reader.fields(defaults, "defaults", ("model", *SAMPLING_KEYS))
        inherited = _read_calling(reader, fields, "defaults", inherited)
    items = reader.items(node, "steps")
    if isinstance(node, Listing) and not items:
        reader.wrong_value(node, "steps", "There must be at least one step.")
    if len(items) > MAX_STEPS:
        message = f"There are {len(items)} steps; a template has at most {MAX_STEPS}."
        reader.findings.error(Code.TOO_LARGE, message, node.spot, path="steps")
    steps: dict[str, Step] = {}
    for number, item in enumerate(items[:MAX_STEPS]):
        step = _read_step(reader, item, f"steps[{number}]", inherited)
        if step is None:
            continue
        if step.id in steps:
            message = f"Another step has the id {step.id!r}."
            reader.findings.error(Code.NAME_CLASH, message, item.spot, path=f"steps[{number}].id")
        steps.setdefault(step.id, step)
    return list(steps.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calling:
    """Which model is called, and how."""

    model: str
    sampling: Sampling


def _read_step(reader: Reader, node: Node, path: str, inherited: _Calling) -> Step | None:
    fields = reader.fields(node, path, STEP_KEYS, COMING_STEP_KEYS)
    if not isinstance(node, Table):
        return None
    identifier = _read_step_id(reader, node, fields, path)
    coming = any(entry.name in COMING_STEP_KEYS for entry in node.entries)
    if "prompt" not in fields and not coming:
        reader.missing(node, path, "prompt")
    where = f"steps.{identifier}" if identifier else path
    calling = _read_calling(reader, fields, where, inherited)
    turns = []
    if "system" in fields and (system := reader.text(fields["system"], f"{where}.system")):
        turns.append(Turn(role="system", text=system))
    if "prompt" in fields and (prompt := reader.text(fields["prompt"], f"{where}.prompt")):
        turns.append(Turn(role="user", text=prompt))
    step = Step(id=identifier or "", model=calling.model, sampling=calling.sampling, turns=tuple(turns))
    if "when" in fields:
        step = replace(step, when=reader.expression(fields["when"], f"{where}.when"))
    if "output" in fields:
        step = _with_output(reader, step, fields["output"], f"{where}.output")
    if identifier:
        reader.spots[where] = node.spot
    return step if identifier else None


def _read_step_id(reader: Reader, node: Table, fields: Mapping[str, Node], path: str) -> str | None:
    if "id" not in fields:
        reader.missing(node, path, "id")
        return None
    name = reader.string(fields["id"], f"{path}.id")
    if name is None or not reader.identifier(name, fields["id"].spot, f"{path}.id"):
        return None
    return name


def _with_output(reader: Reader, step: Step, node: Node, path: str) -> Step:
    match node:
        case Scalar(value="text"):
            return step
        case Table():
            validator = compile_schema(node, reader.findings, path)
            return replace(step, validator=validator, schema=schema_text(node, step.id))
        case _:
            reader.wrong_type(node, path, "a JSON Schema, or the word text")
            return step


def _read_calling(reader: Reader, fields: Mapping[str, Node], path: str, inherited: _Calling) -> _Calling:
    sampling = inherited.sampling
    model = inherited.model
    if "model" in fields:
        model = _read_model(reader, fields["model"], f"{path}.model") or model
    for key in SAMPLING_KEYS:
        if key in fields:
            sampling = _with_parameter(reader, sampling, key, fields[key], f"{path}.{key}")
    return _Calling(model=model, sampling=sampling)


def _with_parameter(reader: Reader, sampling: Sampling, key: str, node: Node, path: str) -> Sampling:
    match key:
        case "temperature":
            return replace(sampling, temperature=reader.number(node, path, 0, 2))
        case "top_p":
            return replace(sampling, top_p=reader.number(node, path, 0, 1))
        case "max_tokens":
            return replace(sampling, max_tokens=reader.integer(node, path, 1, MAX_TOKENS) or DEFAULT_MAX_TOKENS)
        case "stop":
            return replace(sampling, stop=_read_stop(reader, node, path))
        case _:
            seconds = reader.number(node, path, 1, MAX_TIMEOUT_SECONDS)
            return replace(sampling, timeout_seconds=seconds or sampling.timeout_seconds)


def _read_stop(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    items = node.items if isinstance(node, Listing) else (node,)
    texts = [reader.string(item, path) for item in items]
    if "" in texts:
        reader.wrong_value(node, path, "An empty text would stop every reply at once.")
    return tuple(text for text in texts if text)


def _read_model(reader: Reader, node: Node, path: str) -> str | None:
    model = reader.string(node, path)
    if model is not None and not _MODEL.fullmatch(model):
        message = f"{model[:80]!r} is neither an alias nor a model name."
        reader.wrong_value(node, path, message, "Write an alias such as cheap, or provider:model.")
    return model


def _read_record(reader: Reader, node: Node) -> ObjectOf | None:
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
    return compile_text(node, reader.findings, path, keeps_type=True)


def _read_checks(reader: Reader, node: Node) -> list[Check]:
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


def _read_attempts(reader: Reader, node: Node) -> Attempts:
    fields = reader.fields(node, "attempts", ATTEMPTS_KEYS)
    attempts = Attempts()
    if "repair" in fields:
        repair = reader.integer(fields["repair"], "attempts.repair", 0, MAX_REPAIR)
        attempts = attempts if repair is None else replace(attempts, repair=repair)
    if "redraw" in fields:
        redraw = reader.integer(fields["redraw"], "attempts.redraw", 0, MAX_REDRAW)
        attempts = attempts if redraw is None else replace(attempts, redraw=redraw)
    return attempts
