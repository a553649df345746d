"""Reads `checks`."""

from collections.abc import Mapping

from gristmill.domain.call import JUDGE_PREFIX
from gristmill.domain.completion import Sampling
from gristmill.recipes.document import Listing, Node, Table
from gristmill.recipes.findings import Code
from gristmill.recipes.json_schemas import compile_schema, schema_text
from gristmill.recipes.judging import JUDGEMENT, VALIDATOR
from gristmill.recipes.limits import (
    BEST_SCORE,
    CHECK_KEYS,
    DEFAULT_AT_LEAST,
    DEFAULT_MAX_TOKENS,
    DEFAULT_SIMILARITY,
    LEAST_SIMILARITY,
    MAX_CHECK_ROWS,
    MAX_CHECKS,
)
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import Check, Conform, Distinct, Expect, Judge, Sql, Step, Unique
from gristmill.recipes.step_grammar import Calling, read_calling
from gristmill.recipes.texts import Text

_KEYS = tuple(dict.fromkeys(key for kind, others in CHECK_KEYS.items() for key in (kind, *others)))


def read_checks(reader: Reader, node: Node) -> list[Check]:
    """The checks in the order written."""
    items = reader.items(node, "checks")
    if len(items) > MAX_CHECKS:
        message = f"There are {len(items)} checks; a template has at most {MAX_CHECKS}."
        reader.findings.error(Code.TOO_LARGE, message, node.spot, path="checks")
    found = (_read_check(reader, item, f"checks[{index}]", index) for index, item in enumerate(items[:MAX_CHECKS]))
    return [check for check in found if check is not None]


def _read_check(reader: Reader, node: Node, path: str, index: int) -> Check | None:
    fields = reader.fields(node, path, _KEYS)
    if not isinstance(node, Table):
        return None
    reader.spots[path] = node.spot
    kinds = [kind for kind in CHECK_KEYS if kind in fields]
    if len(kinds) != 1:
        reader.wrong_value(node, path, f"A check is exactly one of {', '.join(CHECK_KEYS)}.")
        return None
    kind = kinds[0]
    for key in fields:
        if key not in (kind, *CHECK_KEYS[kind]):
            takes = ", ".join(CHECK_KEYS[kind])
            hint = f"It takes {takes}." if takes else "It takes nothing else."
            reader.wrong_value(fields[key], f"{path}.{key}", f"The check {kind!r} has no {key!r}.", hint)
    return _read_kind(reader, node, kind, fields, index)


def _read_kind(reader: Reader, node: Table, kind: str, fields: Mapping[str, Node], index: int) -> Check | None:
    path = f"checks[{index}]"
    match kind:
        case "expect":
            return _read_expect(reader, fields, path, index)
        case "judge":
            return _read_judge(reader, node, fields, index)
        case "sql":
            return _read_sql(reader, fields, path, index)
        case "schema":
            return _read_conform(reader, node, fields, index)
        case _:
            return _read_comparison(reader, kind, fields, index)


def _read_comparison(reader: Reader, kind: str, fields: Mapping[str, Node], index: int) -> Check | None:
    path = f"checks[{index}]"
    names = _read_field_names(reader, fields[kind], f"{path}.{kind}")
    name = f"{kind}:{index + 1}"
    if not names:
        return None
    if kind == "unique":
        return Unique(name=name, index=index, fields=names)
    return Distinct(name=name, index=index, fields=names, similarity=_read_similarity(reader, fields, path))


def _read_expect(reader: Reader, fields: Mapping[str, Node], path: str, index: int) -> Check | None:
    expression = reader.expression(fields["expect"], f"{path}.expect")
    if expression is None:
        return None
    reason = _read_reason(reader, fields, path, f"expect: {_inside_braces(expression)}")
    return Expect(name=f"expect:{index + 1}", expression=expression, reason=reason)


def _inside_braces(expression: Text) -> str:
    return expression.source.strip().removeprefix("{{").removesuffix("}}").strip("- \n")


def _read_reason(reader: Reader, fields: Mapping[str, Node], path: str, default: str) -> str:
    if "reason" not in fields:
        return default
    return reader.string(fields["reason"], f"{path}.reason") or default


def _read_field_names(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    items = node.items if isinstance(node, Listing) else (node,)
    names = tuple(name for item in items if (name := reader.string(item, path)))
    for item, name in zip(items, names, strict=False):
        reader.spots[f"{path}.{name}"] = item.spot
    if not items:
        reader.wrong_value(node, path, "Name at least one field of the record.")
    return names


def _read_similarity(reader: Reader, fields: Mapping[str, Node], path: str) -> float:
    if "similarity" not in fields:
        return DEFAULT_SIMILARITY
    return reader.number(fields["similarity"], f"{path}.similarity", LEAST_SIMILARITY, 1) or DEFAULT_SIMILARITY


def _read_judge(reader: Reader, node: Table, fields: Mapping[str, Node], index: int) -> Check | None:
    path = f"checks[{index}]"
    if "ask" not in fields:
        reader.missing(node, path, "ask")
        return None
    ask = reader.text(fields["ask"], f"{path}.ask")
    at_least = DEFAULT_AT_LEAST
    if "at_least" in fields:
        at_least = reader.integer(fields["at_least"], f"{path}.at_least", 1, BEST_SCORE) or at_least
    usual = Calling(model="", sampling=Sampling(max_tokens=DEFAULT_MAX_TOKENS))
    calling = read_calling(reader, {**fields, "model": fields["judge"]}, path, usual)
    if ask is None:
        return None
    step = Step(
        id=f"{JUDGE_PREFIX}{index + 1}",
        model=calling.model,
        sampling=calling.sampling,
        schema=JUDGEMENT,
        validator=VALIDATOR,
    )
    reason = _read_reason(reader, fields, path, f"judged below {at_least}")
    return Judge(step=step, ask=ask, at_least=at_least, reason=reason)


def _read_sql(reader: Reader, fields: Mapping[str, Node], path: str, index: int) -> Check | None:
    query = reader.text(fields["sql"], f"{path}.sql")
    setup = reader.text(fields["setup"], f"{path}.setup") if "setup" in fields else None
    rows = reader.integer(fields["rows"], f"{path}.rows", 0, MAX_CHECK_ROWS) if "rows" in fields else 0
    if query is None:
        return None
    reason = _read_reason(reader, fields, path, "the SQL does not run")
    return Sql(name=f"sql:{index + 1}", query=query, setup=setup, rows=rows or 0, reason=reason)


def _read_conform(reader: Reader, node: Table, fields: Mapping[str, Node], index: int) -> Check | None:
    path = f"checks[{index}]"
    if "of" not in fields:
        reader.missing(node, path, "of")
        return None
    of = reader.expression(fields["of"], f"{path}.of")
    reason = _read_reason(reader, fields, path, "it does not satisfy its schema")
    name, schema = f"schema:{index + 1}", fields["schema"]
    if isinstance(schema, Table):
        validator = compile_schema(schema, reader.findings, f"{path}.schema")
        text = schema_text(schema, name).text
        return Conform(name=name, of=of, reason=reason, text=text, validator=validator) if of else None
    expression = reader.expression(schema, f"{path}.schema")
    return Conform(name=name, of=of, reason=reason, expression=expression) if of and expression else None
