"""Templates that lend to one another."""

import pytest

from gristmill.domain.ids import Slot
from gristmill.domain.scope import Scope
from gristmill.errors import Finding, InvalidTemplateError
from gristmill.recipes import compile_template, lint_template, render_messages

STYLE = """\
---
name: style
version: 2
fragment: |
  {% set sign = "--" %}
  {% macro greet(name) %}Dear {{ name }}{{ comma() }}{% endmacro %}
  {% macro comma() %},{% endmacro %}
  {% macro signed(by) %}{{ sign }} {{ by }}{% endmacro %}
  {% macro entitled(book) %}{{ book.title }}{% endmacro %}
  {% macro about() %}{{ author.biography }}{% endmacro %}
  Write in the style of {{ author.name }}.
"""
OLDER = """\
---
name: style
version: 1
fragment: Write plainly.
"""


def template(prompt: str, *behind: str) -> str:
    lines = "".join(f"      {line}\n" for line in prompt.splitlines())
    return f"name: one\nsteps:\n  - id: q\n    prompt: |\n{lines}" + "".join(behind)


def rendered(source: str, **seed: object) -> str:
    recipe = compile_template(source)
    [message] = render_messages(recipe, recipe.steps[0], Scope(slot=Slot(0), seed=seed))  # type: ignore[arg-type]
    return message.content


def errors_of(source: str) -> list[Finding]:
    return [finding for finding in lint_template(source) if finding.severity == "error"]


def test_an_include_puts_the_text_of_a_fragment_in_place() -> None:
    source = template("{% include 'style@1' %} Begin.", STYLE, OLDER)
    assert rendered(source) == "Write plainly. Begin."


def test_a_reference_without_a_version_means_the_newest_of_the_source() -> None:
    source = template("{% include 'style' %}", OLDER, STYLE)
    assert "in the style of Woolf" in rendered(source, author={"name": "Woolf"})


def test_macros_are_imported_by_name_with_what_they_need() -> None:
    source = template("{% from 'style@2' import greet, signed as by %}{{ greet('Ann') }} {{ by('Bo') }}", STYLE)
    assert rendered(source) == "Dear Ann, -- Bo"


def test_macros_are_imported_under_a_name() -> None:
    assert rendered(template("{% import 'style@2' as s %}{{ s.greet('Ann') }}", STYLE)) == "Dear Ann,"


def test_imported_names_clash_with_none_of_the_text() -> None:
    source = template("{% set comma = 'x' %}{% from 'style' import greet %}{{ greet(comma) }}{{ comma }}", STYLE)
    assert rendered(source) == "Dear x,x"


def test_fragments_take_from_fragments() -> None:
    outer = "---\nname: letter\nfragment: \"{% from 'style@2' import greet %}{{ greet(who) }}\"\n"
    assert rendered(template("{% include 'letter' %}", outer, STYLE), who="Cy") == "Dear Cy,"


@pytest.mark.parametrize(
    ("prompt", "needed"),
    [
        ("{% include 'style' %}", {("author", "name")}),
        ("{% from 'style' import about %}{{ about() }}", {("author", "biography")}),
        ("{% import 'style' as s %}{{ s.about() }}", {("author", "biography")}),
        ("{% import 'style' as s %}{{ s.comma() }}", set()),
        ("{% for book in books %}{% include 'style' %}{% endfor %}", {("books",), ("author", "name")}),
        ("{% from 'style' import entitled %}{{ entitled(book) }}", {("book", "title")}),
    ],
)
def test_seed_fields_are_found_through_what_is_taken(prompt: str, needed: set[tuple[str, ...]]) -> None:
    assert {field.path for field in compile_template(template(prompt, STYLE)).seed_fields} == needed


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        (template("Hi\n{% include 'stile@2' %}", STYLE), "There is no template 'stile@2'", 6),
        (template("{% include 'style@3' %}", STYLE), "There is no template 'style@3'", 5),
        (template("{% include name %}", STYLE), "in quotes", 5),
        (template("{% include 'style' without context %}", STYLE), "without context", 5),
        (template("{% from 'style' import gret %}{{ gret() }}", STYLE), "lends no macro 'gret'", 5),
        (template("{% import 'style' as s %}{{ s.gret() }}", STYLE), "lends no macro 'gret'", 5),
        (template("{% include 'x' %}", "---\nname: x\nfragment: '{% include \"x\" %}'\n"), "for ever", 5),
        (template("Hi", "---\nname: x\n"), "'fragment' is missing", 7),
        (template("Hi", "---\nname: x\nfragment: a\nprompt: b\n"), "Unknown key 'prompt'", 9),
    ],
)
def test_what_cannot_be_taken_is_named_with_its_line(source: str, message: str, line: int) -> None:
    found = next(finding for finding in errors_of(source) if message in finding.message)
    assert found.line == line


def test_a_mistake_within_a_fragment_is_told_where_it_is_taken() -> None:
    broken = "---\nname: x\nfragment: '{{ a | shuffle_it }}'\n"
    found = errors_of(template("Hi\n{% include 'x' %}", broken))
    assert ("unknown_filter", 6) in {(finding.code, finding.line) for finding in found}


def test_includes_cannot_be_multiplied_without_end() -> None:
    doubling = "".join(
        f'---\nname: f{i}\nfragment: \'{{% include "f{i + 1}" %}}{{% include "f{i + 1}" %}}\'\n' for i in range(7)
    )
    last = "---\nname: f7\nfragment: x\n"
    [*found] = errors_of(template("{% include 'f0' %}", doubling, last))
    assert any("too often" in finding.message for finding in found)


def test_the_digest_covers_what_is_taken_and_nothing_else_behind_a_template() -> None:
    plain = compile_template(template("{% include 'style@1' %}", OLDER))
    with_more = compile_template(template("{% include 'style@1' %}", OLDER, STYLE))
    changed = compile_template(template("{% include 'style@1' %}", OLDER.replace("plainly", "boldly")))
    assert plain.digest == with_more.digest
    assert plain.digest != changed.digest


def test_a_template_that_only_lends_lints_clean_but_makes_no_records() -> None:
    source = "name: style\nfragment: Write plainly.\n"
    assert not errors_of(source)
    with pytest.raises(InvalidTemplateError, match="makes no records"):
        compile_template(source)
