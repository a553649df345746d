"""Templates that nobody vouches for, read where they can harm nothing."""

from collections.abc import Sequence
from typing import Protocol

from gristmill.errors import Finding


class Renderer(Protocol):
    """Compiles templates apart from this process, within stated limits of time and memory."""

    async def lint(self, source: str) -> Sequence[Finding]:
        """All that is wrong or doubtful about a template, in the order of the source.

        A template that takes too much has one finding, `too_expensive`, and no other. Never raises on a bad one, and
        leaves no process behind. Raises GristmillError when there is nothing to read it with.
        """
        ...
