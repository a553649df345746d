"""The calls a slot starts with, as they would be sent: what estimates, previews and budget checks look at."""

from collections.abc import Mapping, Sequence

from gristmill.domain.completion import Completion, Message, ModelName
from gristmill.domain.scope import Scope
from gristmill.ports.renderer import Draft
from gristmill.recipes import Recipe, is_wanted, render_messages
from gristmill.recipes.recipe import Step


def completion_of(step: Step, messages: tuple[Message, ...], aliases: Mapping[str, ModelName]) -> Completion:
    """A step's call ready to be sent."""
    return Completion(model=aliases[step.model], messages=messages, sampling=step.sampling, schema=step.schema)


def first_calls(recipe: Recipe, scope: Scope, aliases: Mapping[str, ModelName]) -> list[Completion]:
    """The calls of steps that need no other step's output. Raises RenderError and TemplateTooExpensiveError."""
    return [
        completion_of(step, render_messages(recipe, step, scope), aliases)
        for step in recipe.steps
        if not step.needs and is_wanted(recipe, step, scope)
    ]


def first_drafts(recipe: Recipe, drafts: Sequence[Draft], aliases: Mapping[str, ModelName]) -> list[Completion]:
    """The same calls from drafts that were rendered apart; those that could not be rendered are left out."""
    steps = {step.id: step for step in recipe.steps if not step.needs}
    return [
        completion_of(steps[draft.step], tuple(draft.messages), aliases)
        for draft in drafts
        if draft.step in steps and draft.is_wanted and not draft.problem
    ]
