"""Rows of a second seed set, drawn for each attempt."""

from collections import Counter

import pytest

from gristmill.domain.ids import Digest, Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.errors import InvalidSeedsError
from gristmill.recipes import Deck, DrawKey, compile_template, draw_values, open_decks, open_scope, render_messages
from gristmill.recipes.variation import Chance
from support.making import Rows

SOURCE = """\
name: a
vary: {persona: {seeds: people}, other: {seeds: people, weight: share}}
steps: [{id: q, prompt: "{{ persona.name }} {{ other.home.city | default('?') }} {{ persona.home.city }}"}]
"""
RECIPE = compile_template(SOURCE)
PEOPLE = Rows(
    [{"name": name, "home": {"city": name}, "share": share} for name, share in (("A", 0), ("B", 1), ("C", 3))]
)
PINNED = [("C", "B"), ("A", "C"), ("B", "B"), ("A", "C"), ("B", "C"), ("B", "C")]
KEY = DrawKey(recipe=Digest("r"), seeds={"people": Digest("p")}, random_seed=1)


def drawn(slot: int, attempt: int = 0, key: DrawKey = KEY) -> JsonObject:
    return draw_values(RECIPE, key, Slot(slot), attempt, open_decks(RECIPE, {"people": PEOPLE}))


def names(name: str, slots: int = 4000) -> Counter[Json]:
    decks = open_decks(RECIPE, {"people": PEOPLE})
    values = [draw_values(RECIPE, KEY, Slot(slot), 0, decks)[name] for slot in range(slots)]
    return Counter(value["name"] for value in values if isinstance(value, dict))


def test_the_value_is_the_row_and_prompts_reach_into_it() -> None:
    decks = open_decks(RECIPE, {"people": PEOPLE})
    scope = open_scope(RECIPE, KEY, Slot(3), 0, seed={}, decks=decks)
    assert scope.values["persona"] in PEOPLE.items
    (message,) = render_messages(RECIPE, RECIPE.steps[0], scope)
    assert message.content == "A C A"


def test_a_drawn_row_never_changes_between_versions() -> None:
    # A literal: a change here changes every dataset that is ordered again.
    rows = [drawn(slot) for slot in range(6)]
    assert [(row["persona"]["name"], row["other"]["name"]) for row in rows] == PINNED  # type: ignore[index, call-overload]


def test_rows_come_each_as_likely_or_as_often_as_their_weights_say() -> None:
    # Five standard deviations of a binomial of 4,000 are at most 158.
    assert all(abs(count - 4000 / 3) < 158 for count in names("persona").values())
    weighted = names("other")
    assert set(weighted) == {"B", "C"}
    assert abs(weighted["C"] - 3000) < 158


def test_a_redraw_and_another_digest_draw_anew() -> None:
    others = [DrawKey(recipe=KEY.recipe, seeds={"people": Digest("q")}, random_seed=1)]
    others += [DrawKey(recipe=KEY.recipe, seeds={**KEY.seeds, "": Digest("s")}, random_seed=1)]
    first = [drawn(slot) for slot in range(20)]
    assert [drawn(slot, 1) for slot in range(20)] != first
    assert all([drawn(slot, 0, key) for slot in range(20)] != first for key in others)
    assert [drawn(slot) for slot in range(20)] == first


def test_even_a_product_rounded_up_to_the_total_draws_a_row_that_has_a_weight() -> None:
    deck = Deck(PEOPLE, (0.0, 5e-324, 5e-324))
    assert {deck.draw(Chance(byte * 64))["name"] for byte in (b"\x00", b"\xff")} == {"B"}


@pytest.mark.parametrize("share", [-1, True, None, "x", "-1", "nan", [1], 1e10, float("nan")])
def test_a_row_without_a_usable_weight_is_named(share: Json) -> None:
    rows = Rows([{"share": 1}, {"share": share}, {}])
    with pytest.raises(InvalidSeedsError, match=r"'people'.*'share'") as refused:
        open_decks(RECIPE, {"people": rows})
    first, second = refused.value.findings
    assert "seeds people: row 2:" in first.message
    assert "seeds people: row 3 has no 'share'" in second.message


def test_a_weight_may_be_a_text_as_csv_files_give_it() -> None:
    decks = open_decks(RECIPE, {"people": Rows([{"share": "0"}, {"share": "2.5"}])})
    assert decks["other"].bounds[-1] == 2.5


def test_rows_that_all_weigh_nothing_cannot_be_drawn() -> None:
    with pytest.raises(InvalidSeedsError, match="0 in every row"):
        open_decks(RECIPE, {"people": Rows([{"share": 0}])})


def test_only_so_many_bad_rows_are_listed() -> None:
    with pytest.raises(InvalidSeedsError) as refused:
        open_decks(RECIPE, {"people": Rows([{}] * 100)})
    assert len(refused.value.findings) == 20


def test_the_fields_that_prompts_need_of_a_set_are_found() -> None:
    assert {name: [field.path for field in fields] for name, fields in RECIPE.set_fields.items()} == {
        "people": [("name",), ("home", "city")]
    }
    assert RECIPE.seed_fields == ()
