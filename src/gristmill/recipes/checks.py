"""What a finished record must be: true to its `expect` checks, and new in its `unique` fields."""

from jinja2.runtime import Context

from gristmill.domain.json import JsonObject, fingerprint_of
from gristmill.domain.record import CheckResult
from gristmill.errors import RenderError
from gristmill.recipes.recipe import Expect, Recipe, Scope, Unique
from gristmill.recipes.rendering import names_of
from gristmill.recipes.texts import evaluate, open_context


def check_record(recipe: Recipe, record: JsonObject, scope: Scope) -> tuple[CheckResult, ...]:
    """What each `expect` check says of the record, in order.

    An expression that cannot be evaluated is a check that failed, with what went wrong in its words. Raises
    TemplateTooExpensiveError.
    """
    expects = [check for check in recipe.checks if isinstance(check, Expect)]
    if not expects:
        return ()
    context = open_context({**names_of(recipe, scope), "record": record})
    return tuple(_expect(check, context) for check in expects)


def fingerprints_of(recipe: Recipe, record: JsonObject) -> tuple[int, ...]:
    """One fingerprint for each `unique` check, in order: equal only for records that are the same to that check."""
    uniques = [check for check in recipe.checks if isinstance(check, Unique)]
    return tuple(fingerprint_of([check.index, *(record[name] for name in check.fields)]) for check in uniques)


def _expect(check: Expect, context: Context) -> CheckResult:
    try:
        passed = bool(evaluate(check.expression, context))
    except RenderError as error:
        return CheckResult(check=check.name, passed=False, words=f"{check.reason} ({error})")
    return CheckResult(check=check.name, passed=passed, words="" if passed else check.reason)
