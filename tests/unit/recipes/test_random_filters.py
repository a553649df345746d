"""Filters that draw: each place for itself, and the same again."""

import pytest

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.scope import Scope
from gristmill.errors import RenderError
from gristmill.recipes import Recipe, check_record, compile_template, finish_record, is_wanted, render_messages
from support.templates import compile_prompt, one_step

PINNED = "h['c', 'g', 'b'] Two follows!"
TEXT = "One is first. Two follows! Is three last? No, four."
SEED: JsonObject = {"letters": list("abcdefgh"), "text": TEXT, "lists": [["a", "b"], ["c", "d"]], "empty": []}


def shown(prompt: str, frame: str = "f") -> str:
    return show(compile_prompt(prompt), frame)


def show(recipe: Recipe, frame: str = "f") -> str:
    (message,) = render_messages(recipe, recipe.steps[0], Scope(slot=Slot(0), seed=SEED, frame=frame))
    return message.content


def test_what_filters_draw_never_changes_between_versions() -> None:
    # Literals: a change here changes every dataset that is ordered again.
    assert shown("{{ letters | random_choice }}{{ letters | sample(3) }} {{ text | random_sentence }}") == PINNED


@pytest.mark.parametrize(
    "prompt", ["{{ letters | random_choice }}", "{{ letters | sample(2) | join }}", "{{ text | random_sentence }}"]
)
def test_every_attempt_has_draws_of_its_own_that_repeat(prompt: str) -> None:
    recipe = compile_prompt(prompt)
    drawn = [show(recipe, str(frame)) for frame in range(60)]
    assert drawn == [shown(prompt, str(frame)) for frame in range(60)]
    assert len(set(drawn)) >= 4


def test_each_item_comes_as_often_as_the_others() -> None:
    recipe = compile_prompt("{{ letters | random_choice }}")
    drawn = [show(recipe, str(frame)) for frame in range(4000)]
    # Five standard deviations of a binomial with p = 1/8 are about 105.
    assert all(abs(drawn.count(letter) - 500) < 105 for letter in "abcdefgh")


def test_places_draw_apart_and_one_does_not_move_another() -> None:
    pair = compile_prompt("{{ letters | random_choice }} {{ letters | random_choice }}")
    halves = [show(pair, str(frame)).split() for frame in range(60)]
    assert any(first != second for first, second in halves)
    both = compile_prompt("{% if false %}{{ letters | random_choice }}{% endif %}{{ letters | random_choice }}")
    assert [show(both, str(frame)) for frame in range(60)] == [second for _, second in halves]


def test_a_place_come_by_again_draws_again() -> None:
    for prompt in (
        "{% for i in range(40) %}{{ letters | random_choice }}{% endfor %}",
        "{% macro m() %}{{ letters | random_choice }}{% endmacro %}{{ m() }}{{ m() }}{{ m() }}{{ m() }}",
        "{{ (lists * 20) | map('random_choice') | join }}",
    ):
        assert len(set(shown(prompt))) > 1
        assert shown(prompt) == shown(prompt)


def test_sample_takes_different_items_and_no_more_than_there_are() -> None:
    recipe = compile_prompt("{{ letters | sample(20) | join }} {{ letters | sample(3) | join }}{{ empty | sample(2) }}")
    for frame in range(50):
        everything, some = show(recipe, str(frame)).removesuffix("[]").split()
        assert sorted(everything) == list("abcdefgh")
        assert len(set(some)) == 3
    assert shown("{{ letters | sample(-1) }}") == "[]"


def test_a_sentence_is_one_of_the_text_as_written() -> None:
    recipe = compile_prompt("{{ text | random_sentence }}")
    found = {show(recipe, str(frame)) for frame in range(100)}
    assert found == {"One is first.", "Two follows!", "Is three last?", "No, four."}
    assert shown("{{ ' ' | random_sentence }}") == ""


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("empty | random_choice", "list is empty"),
        ("text | random_choice", "takes a list, not a text"),
        ("seed | sample(1)", "takes a list, not dict"),
        ("3 | sample(1)", "takes a list, not int"),
        ("missing | random_choice", "'missing' is undefined"),
    ],
)
def test_what_nothing_can_be_drawn_from_is_refused_in_words(expression: str, words: str) -> None:
    with pytest.raises(RenderError, match=words):
        shown(f"{{{{ {expression} }}}}")


def test_filters_draw_in_the_record_in_checks_and_in_conditions() -> None:
    recipe = compile_template(
        one_step()
        + """    when: "{{ letters | random_choice in 'abcd' }}"
record: {x: "{{ letters | random_choice }}", y: "{{ letters | sample(2) }}"}
checks: [{expect: "{{ record.x == letters | random_choice }}"}]
"""
    )
    kinds: set[tuple[bool, bool, Json]] = set()
    for frame in range(60):
        scope = Scope(slot=Slot(0), seed=SEED, outputs={"q": "x"}, frame=str(frame))
        record = finish_record(recipe, scope)
        assert record == finish_record(recipe, scope)
        assert isinstance(record["y"], list)
        (result,) = check_record(recipe, record, scope)
        kinds.add((is_wanted(recipe, recipe.steps[0], scope), result.passed, record["x"]))
    assert {wanted for wanted, _, _ in kinds} == {passed for _, passed, _ in kinds} == {True, False}
    assert len({x for _, _, x in kinds}) == 8
