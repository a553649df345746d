"""Reads `steps`, and the `defaults` they fall back to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gristmill.domain.completion import Sampling
from gristmill.recipes.document import Listing, Node, Scalar, Table
from gristmill.recipes.findings import Code
from gristmill.recipes.json_schemas import compile_schema, schema_text
from gristmill.recipes.limits import (
    DEFAULT_MAX_TOKENS,
    DEFAULT_MODEL,
    MAX_STEPS,
    MAX_TIMEOUT_SECONDS,
    MAX_TOKENS,
    SAMPLING_KEYS,
    STEP_KEYS,
)
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import Step
from gristmill.recipes.turn_grammar import read_turns

_MODEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(:\S+)?")


def read_steps(reader: Reader, node: Node, defaults: Node | None) -> list[Step]:
    """The steps in the order written, each with what it inherits."""
    inherited = Calling(model=DEFAULT_MODEL, sampling=Sampling(max_tokens=DEFAULT_MAX_TOKENS))
    if defaults is not None:
        fields = reader.fields(defaults, "defaults", ("model", *SAMPLING_KEYS))
        inherited = read_calling(reader, fields, "defaults", inherited)
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
class Calling:
    """Which model is called, and how."""

    model: str
    sampling: Sampling


def _read_step(reader: Reader, node: Node, path: str, inherited: Calling) -> Step | None:
    fields = reader.fields(node, path, STEP_KEYS)
    if not isinstance(node, Table):
        return None
    identifier = _read_step_id(reader, node, fields, path)
    if "prompt" not in fields and "messages" not in fields:
        reader.missing(node, path, "prompt")
    where = f"steps.{identifier}" if identifier else path
    calling = read_calling(reader, fields, where, inherited)
    step = Step(id=identifier or "", model=calling.model, sampling=calling.sampling)
    if "when" in fields:
        step = replace(step, when=reader.expression(fields["when"], f"{where}.when"))
    if "output" in fields:
        step = _with_output(reader, step, fields["output"], f"{where}.output")
    step = replace(step, turns=read_turns(reader, step, fields, where))
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


def read_calling(reader: Reader, fields: Mapping[str, Node], path: str, inherited: Calling) -> Calling:
    """Model and sampling by these keys, the rest as inherited."""
    sampling = inherited.sampling
    model = inherited.model
    if "model" in fields:
        model = _read_model(reader, fields["model"], f"{path}.model") or model
    for key in SAMPLING_KEYS:
        if key in fields:
            sampling = _with_parameter(reader, sampling, key, fields[key], f"{path}.{key}")
    return Calling(model=model, sampling=sampling)


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
