"""Templates read in children that are forked: as bounded as any child, there at once, and never one too many."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from gristmill.adapters.renderer.forked import ForkedRenderer
from gristmill.domain.ids import Slot
from gristmill.domain.scope import Scope
from gristmill.errors import TemplateTooExpensiveError
from gristmill.recipes import compile_template, draft_attempt, lint_template
from support.offspring import children
from support.shell import wait_until
from support.templates import one_step

# 3 seconds of processor time, and more memory than there is, for any template that gets so far.
SLOW = one_step("{% for i in range(99999) %}{% for j in range(99999) %}{{ i * j }}{% endfor %}{% endfor %}")


@pytest.fixture
async def renderer() -> AsyncIterator[ForkedRenderer]:
    opened = ForkedRenderer()
    yield opened
    await opened.close()
    assert children() == []


async def test_a_forked_child_says_what_this_process_would(renderer: ForkedRenderer) -> None:
    for source in (one_step(), one_step("{{ nothing | uper }}"), "name: a\n"):
        assert await renderer.lint(source) == lint_template(source)
    recipe, scope = compile_template(one_step()), Scope(slot=Slot(0))
    assert await renderer.draft(one_step(), [scope]) == [list(draft_attempt(recipe, scope, {}))]


async def test_many_at_once_are_answered_each_with_its_own(renderer: ForkedRenderer) -> None:
    sources = [one_step(f"{{{{ missing_{number} }}}}") for number in range(12)]
    assert await asyncio.gather(*map(renderer.lint, sources)) == [lint_template(source) for source in sources]


async def test_what_takes_too_long_is_given_up_and_the_next_is_answered(renderer: ForkedRenderer) -> None:
    await renderer.lint(one_step())
    renderer.deadline_seconds = 0.0
    (finding,) = await renderer.lint(one_step())
    assert finding.code == "too_expensive"
    with pytest.raises(TemplateTooExpensiveError, match="given up"):
        await renderer.draft(one_step(), [Scope(slot=Slot(0))])
    renderer.deadline_seconds = 30.0
    assert await renderer.lint(one_step()) == lint_template(one_step())


async def test_a_child_that_nobody_waits_for_is_ended_by_the_kernel(renderer: ForkedRenderer) -> None:
    await renderer.lint(one_step())
    (nursery,) = children()
    renderer.deadline_seconds = 0.0
    with pytest.raises(TemplateTooExpensiveError):
        await renderer.draft(SLOW, [Scope(slot=Slot(0))])
    await asyncio.to_thread(wait_until, lambda: not children(nursery), "the child is gone")


async def test_it_goes_on_when_what_it_forks_from_was_killed(renderer: ForkedRenderer) -> None:
    await renderer.lint(one_step())
    (nursery,) = children()
    os.kill(nursery, signal.SIGKILL)
    await asyncio.to_thread(wait_until, lambda: children() != [nursery], "the process is gone")
    assert await renderer.lint(one_step()) == lint_template(one_step())


async def test_nothing_is_left_when_it_was_never_asked(renderer: ForkedRenderer) -> None:
    assert children() == []
