"""A look at a draft: what is wrong with it, and what one of its slots would draw and ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gristmill.domain.json import JsonObject
from gristmill.domain.seeds import SeedSet
from gristmill.errors import BadInputError, Finding, GristmillError
from gristmill.jobs.preview import preview_json
from gristmill.library.completing import complete_source
from gristmill.recipes import Recipe, compile_template
from gristmill.recipes.recipe import Check, Conform, Distinct, Expect, Judge, Sql, Unique
from gristmill.server.caller import Caller
from gristmill.server.trials import draw_trial, lint_source
from gristmill.web.editor.drafts import DraftForm, choose_seeds, takes_seeds

MOST_SETS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look showed. `recipe` is None where the source does not compile, `chosen` the seed sets looked through.

    `problem` says in a sentence why there is no `preview` of a source that compiles; `lacks` are findings of it.
    """

    findings: Sequence[Finding] = ()
    recipe: Recipe | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    preview: JsonObject | None = None
    problem: str = ""
    lacks: Sequence[Finding] = ()

    @property
    def takes_seeds(self) -> bool:
        """Whether the source draws from the set that slots go through; one may be chosen before it does."""
        return self.recipe is not None and takes_seeds(self.recipe)

    @property
    def errors(self) -> int:
        """How many findings keep the source from being saved."""
        return sum(finding.severity == "error" for finding in self.findings)


async def look_at(draft: DraftForm, sets: Sequence[SeedSet], caller: Caller) -> Look:
    """A look at the draft's source, and at one slot of it; whatever is refused is in the look."""
    try:
        findings = await lint_source(draft.source, None, caller)
    except GristmillError as error:
        return Look(findings=findings_of(error))
    if any(finding.severity == "error" for finding in findings):
        return Look(findings=findings)
    recipe = compile_template((await complete_source(draft.source, caller.user, caller.service.store)).source)
    chosen = choose_seeds(recipe, draft.seeds, sets)
    try:
        (shown,) = await draw_trial(draft.with_seeds(chosen), caller, first=draft.slot - 1)
    except GristmillError as error:
        lacks = getattr(error, "findings", ())
        return Look(findings=findings, recipe=recipe, chosen=chosen, problem=str(error), lacks=lacks)
    return Look(findings=findings, recipe=recipe, chosen=chosen, preview=preview_json(shown))


def checks_told(recipe: Recipe) -> Mapping[str, str]:
    """What each check asks for, by its name in a trace."""
    return {check.name: _asked(check) for check in recipe.checks}


def _asked(check: Check) -> str:
    match check:
        case Expect():
            return check.expression.source
        case Unique():
            return f"unique {', '.join(check.fields)}"
        case Distinct():
            return f"distinct {', '.join(check.fields)}"
        case Judge():
            return f"{check.ask.source} (at least {check.at_least} of 5)"
        case Sql():
            return check.query.source
        case Conform():
            return f"{check.of.source} fits its schema"


def findings_of(error: GristmillError) -> Sequence[Finding]:
    """A refusal as findings, even where it has none of its own."""
    own = error.findings if isinstance(error, BadInputError) else ()
    return own or (Finding(code=error.code, message=str(error)),)
