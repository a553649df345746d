"""Checks of a template replaced by those of an order: every other character stays."""

import pytest

from gristmill.recipes import Recipe, compile_template
from gristmill.recipes.rewriting import with_checks

COMMENT = "# é, a comment\n"
HEAD = "name: one\nvary: {asked: [yes, no, on, 2026-01-01]}\n"
STEPS = "steps:\n  - {id: a, prompt: \"{% include 'style' %} Write {{ asked }}.\"}\n"
CHECKS = 'checks:  # strict\n  - {expect: "{{ record.a | length > 20 }}", reason: too short}\n  - unique: a\n'
BEHIND = "---\nname: style\nversion: 1\nfragment: Be terse.\n"
UNIQUE = 'checks: [{"unique":"a"}]'


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (f"{COMMENT}{HEAD}{CHECKS}{STEPS}{BEHIND}", f"{COMMENT}{HEAD}{UNIQUE}\n{STEPS}{BEHIND}"),
        (f"{HEAD}{STEPS}{CHECKS}{BEHIND}", f"{HEAD}{STEPS}{UNIQUE}\n{BEHIND}"),
        (f"\ufeff{HEAD}{STEPS}{CHECKS}".rstrip(), f"{HEAD}{STEPS}{UNIQUE}"),
        ("  checks:\n  name: one\n", f"  {UNIQUE}\n  name: one\n"),
        ("  name: one\n", f"  {UNIQUE}\n  name: one\n"),
        (f"{COMMENT}{HEAD}{STEPS}{BEHIND}", f"{COMMENT}{UNIQUE}\n{HEAD}{STEPS}{BEHIND}"),
        (f"---\n{HEAD}{STEPS}", f"---\n{UNIQUE}\n{HEAD}{STEPS}"),
        ('{name: one, "checks": [], steps: []}', '{name: one, checks: [{"unique":"a"}], steps: []}'),
        ("{name: one, steps: []}", '{checks: [{"unique":"a"}], name: one, steps: []}'),
    ],
)
def test_checks_are_replaced_in_their_place_or_put_first(source: str, wanted: str) -> None:
    assert with_checks(source, [{"unique": "a"}]) == wanted


@pytest.mark.parametrize("checks", [CHECKS, ""])
def test_the_template_draws_and_asks_as_before(checks: str) -> None:
    source = f"{HEAD}{STEPS}{checks}{BEHIND}"
    before, after = compile_template(source), compile_template(with_checks(source, [{"unique": "a"}]))
    assert (after.uniques, len(after.checks)) == (1, 1)
    assert (after.vary, _prompts(after)) == (before.vary, _prompts(before))


def test_without_checks_every_record_is_good() -> None:
    assert not compile_template(with_checks(f"{HEAD}{STEPS}{CHECKS}{BEHIND}", [])).checks


def _prompts(recipe: Recipe) -> list[str]:
    return [turn.text.source for step in recipe.steps for turn in step.turns]
