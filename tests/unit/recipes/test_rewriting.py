"""Checks of a template replaced by those of an order."""

from gristmill.recipes import compile_template
from gristmill.recipes.rewriting import with_checks

SOURCE = """# a comment
name: one
steps:
  - {id: a, prompt: "{% include 'style' %} Write é."}
checks:
  - {expect: "{{ record.a | length > 20 }}", reason: too short}
---
name: style
version: 1
fragment: Be terse.
"""


def test_checks_are_replaced_and_all_else_stays() -> None:
    recipe = compile_template(with_checks(SOURCE, [{"unique": "a"}]))
    assert (recipe.uniques, len(recipe.checks)) == (1, 1)
    assert [step.turns for step in recipe.steps] == [step.turns for step in compile_template(SOURCE).steps]


def test_without_checks_every_record_is_good() -> None:
    assert not compile_template(with_checks(SOURCE, [])).checks
