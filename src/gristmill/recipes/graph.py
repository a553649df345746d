"""The order of steps: a graph drawn by what their texts mention."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gristmill.recipes.findings import Code, Findings, Spot
from gristmill.recipes.names import texts_of_step
from gristmill.recipes.recipe import Step


def order_steps(steps: Sequence[Step], spots: Mapping[str, Spot], findings: Findings) -> tuple[Step, ...]:
    """The steps with what they need, each after all it needs, otherwise as written; a cycle is a finding."""
    known = {step.id for step in steps}
    waiting = {step.id: replace(step, needs=_needs(step, known)) for step in steps}
    ordered: dict[str, Step] = {}
    while ready := next((step for step in waiting.values() if step.needs <= ordered.keys()), None):
        ordered[ready.id] = waiting.pop(ready.id)
    if waiting:
        cycle = _find_cycle(waiting)
        message = f"These steps wait for each other: {' -> '.join([*cycle, cycle[0]])}."
        path = f"steps.{cycle[0]}"
        findings.error(Code.CYCLE, message, spots[path], path=path)
    return tuple(ordered.values())


def _needs(step: Step, known: set[str]) -> frozenset[str]:
    paths = (mention.path for text in texts_of_step(step) for mention in text.mentions)
    return frozenset(path[1] for path in paths if path[0] == "steps" and len(path) > 1 and path[1] in known)


def _find_cycle(waiting: Mapping[str, Step]) -> list[str]:
    """One cycle, from any step on: each of these waits for another of them, so following needs must come round."""
    trail: list[str] = []
    name = next(iter(waiting))
    while name not in trail:
        trail.append(name)
        name = next(need for need in waiting if need in waiting[name].needs)
    return trail[trail.index(name) :]
