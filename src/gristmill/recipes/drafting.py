"""An attempt's prompts before anything is called: what previews, estimates and lint look at."""

from collections.abc import Mapping
from dataclasses import replace

from gristmill.domain.json import Json
from gristmill.domain.scope import Scope
from gristmill.errors import RenderError, TemplateTooExpensiveError
from gristmill.ports.renderer import Draft
from gristmill.recipes.judging import judge_messages
from gristmill.recipes.placeholder import placeholder
from gristmill.recipes.recipe import Recipe, Step
from gristmill.recipes.rendering import finish_record, is_wanted, render_messages


def draft_attempt(recipe: Recipe, scope: Scope, fillers: Mapping[str, int]) -> tuple[Draft, ...]:
    """Each step's messages, then each judge's, with placeholders for the outputs before them. Never raises.

    `fillers` says by how many characters each text of a step's placeholder is made longer.
    """
    outputs = dict[str, Json]()
    drafts = []
    for step in recipe.steps:
        draft = _draft_step(recipe, step, replace(scope, outputs=outputs))
        if draft.is_wanted:
            outputs[step.id] = placeholder(step, filler="x" * fillers.get(step.id, 0))
        drafts.append(draft)
    return (*drafts, *_draft_judges(recipe, replace(scope, outputs=outputs)))


def _draft_step(recipe: Recipe, step: Step, scope: Scope) -> Draft:
    try:
        if not is_wanted(recipe, step, scope):
            return Draft(step=step.id, is_wanted=False)
        return Draft(step=step.id, messages=render_messages(recipe, step, scope))
    except (RenderError, TemplateTooExpensiveError) as error:
        return Draft(step=step.id, problem=str(error))


def _draft_judges(recipe: Recipe, scope: Scope) -> list[Draft]:
    try:
        record = finish_record(recipe, scope)
        return [
            Draft(step=judge.name, messages=judge_messages(recipe, judge, record, scope)) for judge in recipe.judges
        ]
    except (RenderError, TemplateTooExpensiveError):
        # A placeholder may be the reason, so nothing is held against the template.
        return [Draft(step=judge.name) for judge in recipe.judges]
