"""What a finished record must be: right by the checks that cost nothing, and new in the fields it must be new in."""

from gristmill.domain.json import JsonObject, fingerprint_of
from gristmill.domain.record import CheckResult
from gristmill.domain.scope import Scope
from gristmill.errors import RenderError
from gristmill.recipes.likeness import signature_of
from gristmill.recipes.recipe import Conform, Distinct, Expect, Recipe, Sql, Unique
from gristmill.recipes.rendering import names_of
from gristmill.recipes.schema_check import InvalidSchemaError, schema_problems, validator_of
from gristmill.recipes.sql_check import run_query
from gristmill.recipes.texts import Names, evaluate, render_text


def check_record(recipe: Recipe, record: JsonObject, scope: Scope) -> tuple[CheckResult, ...]:
    """What each `expect`, `sql` and `schema` check says of the record, in order.

    One whose expressions cannot be evaluated is a check that failed, with what went wrong in its words. Raises
    TemplateTooExpensiveError.
    """
    checks = [check for check in recipe.checks if isinstance(check, Expect | Sql | Conform)]
    if not checks:
        return ()
    names = names_of(recipe, scope)
    names["record"] = record
    return tuple(_check(check, names) for check in checks)


def fingerprints_of(recipe: Recipe, record: JsonObject) -> tuple[int, ...]:
    """One fingerprint for each `unique` check, equal only for records that are the same to it; then the signature of
    each `distinct` check.
    """
    uniques = [check for check in recipe.checks if isinstance(check, Unique)]
    prints = [fingerprint_of([check.index, *(record[name] for name in check.fields)]) for check in uniques]
    for check in recipe.checks:
        if isinstance(check, Distinct):
            prints += signature_of([record[name] for name in check.fields])
    return tuple(prints)


def _check(check: Expect | Sql | Conform, names: Names) -> CheckResult:
    try:
        problem = _problem_of(check, names)
    except (RenderError, InvalidSchemaError) as error:
        problem = f"({error})"
    words = f"{check.reason} {problem}".rstrip() if problem is not None else ""
    return CheckResult(check=check.name, passed=problem is None, words=words)


def _problem_of(check: Expect | Sql | Conform, names: Names) -> str | None:
    """None when the check passes; else what went wrong, in brackets, or nothing where the reason says it all."""
    match check:
        case Expect():
            return None if evaluate(check.expression, names) else ""
        case Sql():
            setup = render_text(check.setup, names) if check.setup else ""
            problem = run_query(render_text(check.query, names), setup, rows=check.rows)
        case Conform():
            validator = check.validator
            if validator is None:
                validator = validator_of(evaluate(check.expression, names) if check.expression else {})
            problem = schema_problems(validator, evaluate(check.of, names))
    return f"({problem})" if problem else None
