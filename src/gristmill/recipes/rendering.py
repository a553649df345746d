"""From a scope to prompts, and from the outputs to the finished record."""

from gristmill.domain.completion import Message
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.scope import Scope
from gristmill.recipes.random_filters import DRAWS, Draws
from gristmill.recipes.recipe import Constant, ListOf, ObjectOf, Recipe, Shape, Step
from gristmill.recipes.texts import SANDBOX, Names, Text, evaluate, render_text
from gristmill.recipes.work import WORK


def render_messages(recipe: Recipe, step: Step, scope: Scope) -> tuple[Message, ...]:
    """The step's conversation for this scope. Raises RenderError and TemplateTooExpensiveError."""
    names = names_of(recipe, scope)
    return tuple(Message(role=turn.role, content=render_text(turn.text, names)) for turn in step.turns)


def is_wanted(recipe: Recipe, step: Step, scope: Scope) -> bool:
    """Whether the step's `when` holds, or it has none. Raises like `render_messages`."""
    return step.when is None or bool(evaluate(step.when, names_of(recipe, scope)))


def finish_record(recipe: Recipe, scope: Scope) -> JsonObject:
    """The record these outputs make. Raises like `render_messages`."""
    names = names_of(recipe, scope)
    return {key: fill(shape, names) for key, shape in recipe.record.fields.items()}


def names_of(recipe: Recipe, scope: Scope) -> Names:
    """What every text of the recipe can mention; a drawn value hides a seed field, a reserved name hides both."""
    # They are asked for once for each prompt, condition, record and set of checks: the work of each is counted anew.
    WORK.begin()
    outputs = scope.outputs
    names = Names({**SANDBOX.globals, **scope.seed, **scope.values})
    names["seed"] = scope.seed
    names["slot"] = scope.slot
    names[DRAWS] = Draws(scope.frame)
    # A step without an output is there but empty, so that its path can be given a default.
    names["steps"] = {step.id: {"output": outputs[step.id]} if step.id in outputs else {} for step in recipe.steps}
    return names


def fill(shape: Shape, names: Names) -> Json:
    """The value of a shape for these names. Raises like `render_messages`."""
    match shape:
        case Text():
            return evaluate(shape, names)
        case Constant():
            return shape.value
        case ListOf():
            return [fill(item, names) for item in shape.items]
        case ObjectOf():
            return {key: fill(field, names) for key, field in shape.fields.items()}
