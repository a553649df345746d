"""Template text in, recipe out, or everything that is wrong with it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from gristmill.domain.ids import Digest
from gristmill.domain.json import Json, digest_of
from gristmill.errors import Finding, InvalidTemplateError
from gristmill.recipes.composition import Fragments
from gristmill.recipes.document import Scalar, read_documents
from gristmill.recipes.export_names import check_exports
from gristmill.recipes.findings import Code, Findings, Spot
from gristmill.recipes.fragment_grammar import read_fragments
from gristmill.recipes.grammar import Draft, read_draft
from gristmill.recipes.graph import order_steps
from gristmill.recipes.json_schemas import schema_text
from gristmill.recipes.judging import INSTRUCTIONS
from gristmill.recipes.likeness import RULE
from gristmill.recipes.names import check_names, find_seed_columns, find_seed_fields, find_set_fields, uses_of
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import (
    Check,
    Conform,
    Constant,
    Distinct,
    Expect,
    Judge,
    ListOf,
    ObjectOf,
    Recipe,
    Shape,
    Sql,
    Step,
    Unique,
)
from gristmill.recipes.texts import Text, compile_text
from gristmill.recipes.work import WORK

# Part of every digest: raised when the same template would come to mean something else.
LANGUAGE = 1


# An order, its estimate and its page each ask for the recipe of the same template, which nothing changes.
@lru_cache(maxsize=16)
def compile_template(source: str) -> Recipe:
    """The recipe of a template. Raises InvalidTemplateError with all that is wrong, in the order of the source."""
    findings = Findings()
    recipe = _compile(source, findings)
    if recipe is not None and not recipe.steps:
        findings.error(Code.MISSING_KEY, "This template makes no records: it has no steps.", Spot(), path="steps")
    if recipe is None or not recipe.steps:
        raise refusal_of(findings.in_order())
    return recipe


def check_template(source: str) -> None:
    """Raise InvalidTemplateError unless the template may be kept: it makes records, or lends a fragment to others."""
    found = lint_template(source)
    if any(finding.severity == "error" for finding in found):
        raise refusal_of(found)


def lint_template(source: str) -> tuple[Finding, ...]:
    """All that is wrong or doubtful about a template, in the order of the source. Never raises on a bad one."""
    findings = Findings()
    _compile(source, findings)
    return findings.in_order()


def refusal_of(found: Sequence[Finding]) -> InvalidTemplateError:
    """The refusal of a template with these findings, of which at least one is an error."""
    errors = [finding for finding in found if finding.severity == "error"]
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return InvalidTemplateError(f"The template does not compile: {errors[0]}{more}", found)


def _compile(source: str, findings: Findings) -> Recipe | None:
    WORK.begin()
    documents = read_documents(source, findings)
    if not documents:
        return None
    root, *others = documents
    fragments = Fragments(known=read_fragments(Reader(findings), others))
    reader = Reader(findings, fragments=fragments)
    draft = read_draft(root, reader)
    check_names(draft, reader.spots, findings)
    check_exports(draft, findings)
    steps = order_steps(draft.steps, reader.spots, findings)
    _warn(draft, reader, findings)
    return None if findings.has_errors else _assemble(source, draft, steps, fragments.used)


def _assemble(source: str, draft: Draft, steps: tuple[Step, ...], fragments: Mapping[str, str]) -> Recipe:
    recipe = Recipe(
        name=draft.name,
        description=draft.description,
        digest=Digest(""),
        source=source,
        steps=steps,
        vary=draft.vary,
        record=draft.record or _outputs_of(draft.steps),
        checks=tuple(draft.checks),
        attempts=draft.attempts,
        seed_schema=schema_text(draft.seeds, "seed") if draft.seeds is not None else None,
        seed_fields=find_seed_fields(draft),
        set_fields=find_set_fields(draft),
        seed_columns=find_seed_columns(draft),
        exports=draft.exports,
    )
    outline = _outline(recipe)
    # What is put in place shapes records too.
    lent = {"fragments": dict(fragments)} if fragments else {}
    return replace(recipe, digest=digest_of({**outline, **lent}))


def _outputs_of(steps: list[Step]) -> ObjectOf:
    """The record of a template that names none: each step's output under its id, null for a skipped one."""
    return ObjectOf(fields={step.id: _output_of(step) for step in steps})


def _output_of(step: Step) -> Text:
    scalar = Scalar(value=f"{{{{ steps.{step.id}.output | default(none) }}}}", spot=Spot())
    return compile_text(scalar, Findings(), f"record.{step.id}", keeps_type=True)


def _outline(recipe: Recipe) -> dict[str, Json]:
    """What the digest is taken of: all that shapes a record. Order is kept in lists where it matters."""
    return {
        "language": LANGUAGE,
        "seeds": recipe.seed_schema.text if recipe.seed_schema else None,
        "vary": {name: variation.outline() for name, variation in recipe.vary.items()},
        "steps": [_outline_step(step) for step in recipe.steps],
        "record": _outline_shape(recipe.record),
        "checks": [_outline_check(check) for check in recipe.checks],
        "attempts": [recipe.attempts.repair, recipe.attempts.redraw],
    }


def _outline_check(check: Check) -> Json:
    match check:
        case Expect():
            return ["expect", check.expression.source, check.reason]
        case Unique():
            return ["unique", check.fields]
        case Distinct():
            return ["distinct", check.fields, check.similarity, RULE]
        case Judge():
            return ["judge", _outline_step(check.step), check.ask.source, check.at_least, check.reason, INSTRUCTIONS]
        case Sql():
            setup = check.setup.source if check.setup else None
            return ["sql", check.query.source, setup, check.rows, check.reason]
        case Conform():
            schema = check.expression.source if check.expression else check.text
            return ["schema", check.expression is None, schema, check.of.source, check.reason]


def _outline_step(step: Step) -> Json:
    sampling = step.sampling
    return {
        "id": step.id,
        "model": step.model,
        "turns": [[turn.role, turn.text.source] for turn in step.turns],
        "when": step.when.source if step.when else None,
        "output": step.schema.text if step.schema else None,
        "sampling": [
            sampling.max_tokens,
            _number(sampling.temperature),
            _number(sampling.top_p),
            sampling.stop,
            _number(sampling.timeout_seconds),
        ],
    }


def _number(value: float | None) -> float | None:
    # 1 and 1.0 are the same setting.
    return None if value is None else float(value)


def _outline_shape(shape: Shape) -> Json:
    match shape:
        case Text():
            return ["text", shape.source]
        case Constant():
            return ["constant", shape.value]
        case ListOf():
            return ["list", [_outline_shape(item) for item in shape.items]]
        case ObjectOf():
            return ["object", [[key, _outline_shape(field)] for key, field in shape.fields.items()]]


def _warn(draft: Draft, reader: Reader, findings: Findings) -> None:
    paths = [use.mention.path for use in uses_of(draft)]
    roots = {path[0] for path in paths}
    for name in draft.vary:
        if name not in roots:
            path = f"vary.{name}"
            findings.warn(Code.UNUSED_VARIABLE, f"Nothing mentions {name!r}.", reader.spots[path], path=path)
    used = {path[1] for path in paths if path[0] == "steps" and len(path) > 1}
    for step in draft.steps if draft.record is not None else ():
        if step.id not in used:
            path = f"steps.{step.id}"
            message = f"Nothing uses what the step {step.id!r} makes, yet it is paid for."
            findings.warn(Code.UNUSED_STEP, message, reader.spots[path], path=path)
    if draft.steps and not draft.checks:
        findings.warn(
            Code.NO_CHECKS,
            "Every record is accepted as it comes, duplicates too.",
            Spot(),
            path="checks",
            suggestion=f"Add checks such as [{{unique: {next(iter(_fields(draft)), draft.steps[0].id)}}}].",
        )


def _fields(draft: Draft) -> tuple[str, ...]:
    return tuple(draft.record.fields) if draft.record is not None else ()
