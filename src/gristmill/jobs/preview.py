"""A look at records before they are made: draws and prompts as they would be, without a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gristmill.domain.completion import Message
from gristmill.domain.ids import Slot
from gristmill.domain.job import Order
from gristmill.domain.json import Json, JsonObject
from gristmill.errors import RenderError, TemplateTooExpensiveError
from gristmill.jobs.draws import open_draws
from gristmill.jobs.placeholder import placeholder
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.request import JobRequest
from gristmill.recipes import Recipe, is_wanted, render_messages
from gristmill.recipes.recipe import Scope, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPreview:
    """A step's messages; `problem` says why they could not be rendered, `is_wanted` whether the step would run."""

    step: Step
    messages: Sequence[Message] = ()
    is_wanted: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPreview:
    """The first attempt of a slot: its seed, the values drawn for it and its prompts."""

    slot: Slot
    seed: JsonObject
    values: JsonObject
    steps: Sequence[StepPreview]


def preview_slots(recipe: Recipe, order: Order, request: JobRequest, ports: JobPorts, *, n: int) -> list[SlotPreview]:
    """The first `n` slots as they would be drawn and rendered; outputs not known yet show as `‹step.field›`."""
    with open_draws(recipe, order, request.seeds, ports.blobs) as draws:
        scopes = [draws.scope(Slot(slot)) for slot in range(n)]
    return [_preview(recipe, scope) for scope in scopes]


def render_steps(recipe: Recipe, scope: Scope, *, filler: str = "") -> list[StepPreview]:
    """Each step's messages with placeholders for the outputs before it."""
    outputs: dict[str, Json] = {}
    steps = []
    for step in recipe.steps:
        shown = _render(recipe, step, replace(scope, outputs=outputs))
        if shown.is_wanted:
            outputs[step.id] = placeholder(step, filler=filler)
        steps.append(shown)
    return steps


def preview_json(preview: SlotPreview) -> JsonObject:
    """The Preview shape, without what only calls bring."""
    return {
        "slot": preview.slot,
        "attempt": 0,
        "seed": preview.seed,
        "values": preview.values,
        "steps": [_step_json(step) for step in preview.steps if step.is_wanted],
    }


def _preview(recipe: Recipe, scope: Scope) -> SlotPreview:
    steps = render_steps(recipe, scope)
    return SlotPreview(slot=scope.slot, seed=scope.seed, values=scope.values, steps=steps)


def _render(recipe: Recipe, step: Step, scope: Scope) -> StepPreview:
    try:
        if not is_wanted(recipe, step, scope):
            return StepPreview(step=step, is_wanted=False)
        return StepPreview(step=step, messages=render_messages(recipe, step, scope))
    except (RenderError, TemplateTooExpensiveError) as error:
        return StepPreview(step=step, problem=str(error))


def _step_json(shown: StepPreview) -> JsonObject:
    system = [message.content for message in shown.messages if message.role == "system"]
    prompt = [message.content for message in shown.messages if message.role != "system"]
    step: Mapping[str, Json] = {"id": shown.step.id, "system": "\n".join(system) or None, "prompt": "\n".join(prompt)}
    return {**step, "problem": shown.problem} if shown.problem else step
