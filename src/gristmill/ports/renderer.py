"""Templates that nobody vouches for, read and rendered where they can harm nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gristmill.domain.completion import Message
from gristmill.domain.scope import Scope
from gristmill.errors import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A call's messages before anything is called. `step` is a step's id, or a judge's name.

    `problem` says why they could not be rendered, `is_wanted` whether the step would run. A judge whose question rests
    on what only calls bring, in a way that no placeholder bears, has no messages and no problem.
    """

    step: str
    messages: Sequence[Message] = ()
    is_wanted: bool = True
    problem: str = ""


class Renderer(Protocol):
    """Compiles and renders templates apart from this process, within stated limits of time and memory.

    It leaves no process behind. Its verbs raise GristmillError when there is nothing to read a template with.
    """

    async def lint(self, source: str) -> Sequence[Finding]:
        """All that is wrong or doubtful about a template, in the order of the source.

        A template that takes too much has one finding, `too_expensive`, and no other. Never raises on a bad one.
        """
        ...

    async def draft(
        self, source: str, scopes: Sequence[Scope], fillers: Mapping[str, int] | None = None
    ) -> Sequence[Sequence[Draft]]:
        """For each scope the calls of an attempt, steps before judges, of a template that lints clean.

        What only calls bring stands as `‹step.field›`, followed by as many characters as `fillers` says of the step.
        Raises TemplateTooExpensiveError when all together take too much.
        """
        ...
