"""From scopes to prompts and records."""

import pytest

from gristmill.domain.completion import Message
from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.scope import Scope
from gristmill.errors import RenderError, TemplateTooExpensiveError
from gristmill.recipes import compile_template, finish_record, is_wanted, render_messages
from support.templates import SUPPORT_QA, compile_prompt, one_step


def rendered(prompt: str, seed: JsonObject | None = None) -> str:
    recipe = compile_prompt(prompt)
    (message,) = render_messages(recipe, recipe.steps[0], Scope(slot=Slot(7), seed=seed or {}))
    return message.content


def field(expression: str, seed: JsonObject | None = None) -> Json:
    recipe = compile_template(one_step() + f"record: {{x: {expression}}}")
    return finish_record(recipe, Scope(slot=Slot(7), seed=seed or {}, outputs={"q": "done"}))["x"]


def test_a_prompt_is_filled_in_from_seed_values_outputs_and_slot() -> None:
    recipe = compile_template(SUPPORT_QA)
    scope = Scope(
        slot=Slot(3), values={"tone": "terse", "difficulty": "hard"}, outputs={"question": {"question": "Why?"}}
    )
    assert render_messages(recipe, recipe.steps[1], scope) == (
        Message(role="system", content="You are a terse support agent."),
        Message(role="user", content="Why?"),
    )


def test_a_prompt_is_as_written_but_for_the_last_line_end_of_its_block() -> None:
    assert rendered("a\n\n  b {{ slot }} \nc") == "a\n\n  b 7 \nc"


def test_a_field_of_a_row_hides_a_method_of_its_type() -> None:
    assert rendered("{{ product.items }}", {"product": {"items": "three"}}) == "three"
    assert rendered("{% for k, v in product.items() %}{{ k }}{{ v }}{% endfor %}", {"product": {"a": 1}}) == "a1"


def test_a_reserved_name_is_never_the_seeds() -> None:
    assert rendered("{{ slot }} {{ seed.slot }}", {"slot": "mine"}) == "7 mine"


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ product.nme }}", "no attribute 'nme'"),
        ("{{ product.a.b.c }}", "no attribute 'a'"),
        ("{{ product.values }}", "is a function"),
        ("{{ nothing | truncate_tokens(3) }}", "'nothing' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ product.update({}) }}", "unsafe"),
    ],
)
def test_what_cannot_be_rendered_says_where_and_why(prompt: str, words: str) -> None:
    with pytest.raises(RenderError, match=r"^steps\.q\.prompt: ") as refused:
        rendered(prompt, {"product": {"name": "Mug"}})
    assert words in str(refused.value)


def test_a_path_below_a_missing_value_can_have_a_default() -> None:
    assert rendered("{{ product.author.name | default('nobody') }}", {"product": {}}) == "nobody"


def test_half_a_surrogate_pair_is_no_prompt() -> None:
    with pytest.raises(RenderError):
        rendered(r"{{ '\ud800' }}")


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ 'a' * 100000000 }}",
        "{{ 9 ** 99999999 }}",
        "{{ 'a' | center(100000000) }}",
        "{{ '%100000000d' | format(1) }}",
        "{{ 'x' | indent(100000000) }}",
        "{{ 'aaa' | replace('a', 'b' * 1000000) }}",
        "{{ 'a'.replace('', 'b' * 1000000) }}",
        "{{ ['a' * 1000000] * 100 ~ '' }}",
        "{{ (['a' * 1000000] * 100) | json }}",
        "{{ (['a' * 1000000] * 100) | string }}",
        "{{ (['a' * 1000000] * 100) | join }}",
        "{{ ''.join(['a' * 1000000] * 100) }}",
        "{{ range(100000000) | list }}",
        "{{ 1 | json(indent=100000000) }}",
        "{{ [1] | batch(100000000, 0) }}",
        "{% for a in range(9999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    ],
)
def test_nothing_grows_past_the_bound(prompt: str) -> None:
    with pytest.raises(TemplateTooExpensiveError):
        rendered(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ 'a'.center(100000000) }}",
        "{{ '{:100000000d}'.format(1) }}",
        "{{ '%100000000d' % 1 }}",
        "{{ '%*d' | format(100000000, 1) }}",
        "{{ ''['format'] }}",
        "{{ (1).__class__ }}",
        "{{ '' | attr('__class__') }}",
        "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{{ [1].append(2) }}",
        "{{ lipsum() }}",
    ],
)
def test_the_sandbox_refuses_what_reaches_out_or_grows_unbounded(prompt: str) -> None:
    with pytest.raises(RenderError):
        rendered(prompt)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"{{ tags }}"', ["a", "b"]),
        ('"{{ [1, 2.5, none, true] }}"', [1, 2.5, None, True]),
        ("\"{{ tags | map('upper') }}\"", ["A", "B"]),
        ('" {{ 3 }} "', 3),
        ('"{{ 3 }}{{ 4 }}"', "34"),
        ('"no {{ tags | length }}"', "no 2"),
        ("\"{{ '[1]' }}\"", "[1]"),
        ("7", 7),
        ("plain", "plain"),
        ('[{role: user, content: "{{ tags[0] }}"}, 1]', [{"role": "user", "content": "a"}, 1]),
        ('{a: {b: "{{ slot }}"}}', {"a": {"b": 7}}),
        ('"{{ (1, 2) }}"', [1, 2]),
    ],
)
def test_a_single_expression_keeps_its_type_in_the_record(expression: str, value: Json) -> None:
    assert field(expression, {"tags": ["a", "b"]}) == value


@pytest.mark.parametrize("expression", ["{{ missing }}", "{{ 2 ** 70 }}", "{{ 1e308 * 10 }}", "{{ tags.append }}"])
def test_what_is_no_json_value_is_no_field(expression: str) -> None:
    with pytest.raises(RenderError, match=r"^record\.x: "):
        field(f'"{expression}"', {"tags": []})


def test_a_record_value_too_big_is_refused() -> None:
    with pytest.raises(TemplateTooExpensiveError):
        field("\"{{ ['a' * 1000] * 10000 }}\"")


def test_without_a_record_each_output_stands_under_its_step_and_a_skipped_one_is_null() -> None:
    recipe = compile_template("name: a\nsteps:\n  - {id: b, prompt: '{{ steps.a.output }}'}\n  - {id: a, prompt: x}\n")
    assert finish_record(recipe, Scope(slot=Slot(0), outputs={"a": "A"})) == {"b": None, "a": "A"}
    assert recipe.record_fields == ("b", "a")


@pytest.mark.parametrize(("difficulty", "wanted"), [("hard", True), ("easy", False)])
def test_a_step_is_wanted_when_its_condition_holds(difficulty: str, *, wanted: bool) -> None:
    recipe = compile_template(SUPPORT_QA)
    assert is_wanted(recipe, recipe.steps[2], Scope(slot=Slot(0), values={"difficulty": difficulty})) is wanted
    assert is_wanted(recipe, recipe.steps[0], Scope(slot=Slot(0)))
    assert recipe.steps[2].is_conditional


def test_a_condition_that_cannot_be_evaluated_is_a_failed_render() -> None:
    recipe = compile_template(SUPPORT_QA)
    with pytest.raises(RenderError, match=r"steps\.hint\.when"):
        is_wanted(recipe, recipe.steps[2], Scope(slot=Slot(0)))
