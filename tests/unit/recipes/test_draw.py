"""Draws that repeat."""

from fractions import Fraction

import pytest

from gristmill.domain.ids import Digest, Slot
from gristmill.recipes import DrawKey, compile_template, draw_values
from gristmill.recipes.variation import Chance, Choice
from support.templates import SUPPORT_QA

RECIPE = compile_template(SUPPORT_QA)
PINNED = {"tone": "terse", "difficulty": "hard", "age": 87, "price": 65.93, "warmth": 0.4010776575454187}
KEY = DrawKey(recipe=Digest("r"), seeds={"": Digest("s")}, random_seed=1)


def test_a_draw_never_changes_between_versions() -> None:
    # A literal from the first release: a change here changes every dataset that is ordered again.
    assert draw_values(RECIPE, KEY, Slot(5), 0) == PINNED


@pytest.mark.parametrize(
    "other",
    [
        (DrawKey(recipe=Digest("x"), seeds=KEY.seeds, random_seed=1), 5, 0),
        (DrawKey(recipe=KEY.recipe, seeds={"": Digest("x")}, random_seed=1), 5, 0),
        (DrawKey(recipe=KEY.recipe, seeds=KEY.seeds, random_seed=2), 5, 0),
        (KEY, 6, 0),
        (KEY, 5, 1),
    ],
)
def test_a_draw_depends_on_every_part_of_its_key(other: tuple[DrawKey, int, int]) -> None:
    key, slot, attempt = other
    assert draw_values(RECIPE, key, Slot(slot), attempt) != draw_values(RECIPE, KEY, Slot(5), 0)


def test_weights_are_counted_exactly() -> None:
    choice = Choice.weighted(("a", "b", "c"), (0.1, 0, 0.3))
    assert choice.bounds == (1, 1, 4)
    drawn = [choice.draw(Chance(number.to_bytes(64, "big"))) for number in range(8)]
    assert drawn == ["a", "c", "c", "c"] * 2


def test_numbers_below_a_limit_are_evenly_spread() -> None:
    chance = Chance(bytes(63) + b"\x01")
    counts = [0] * 7
    for _ in range(70_000):
        counts[chance.below(7)] += 1
    # Five standard deviations of a binomial with p = 1/7 are about 463.
    assert all(abs(count - 10_000) < 463 for count in counts)


def test_the_chance_of_a_choice_follows_its_weights() -> None:
    hard = sum(draw_values(RECIPE, KEY, Slot(slot), 0)["difficulty"] == "hard" for slot in range(5000))
    # Weight 2 of 10; five standard deviations of a binomial are about 141.
    assert abs(hard - 1000) < 141


def test_rounded_numbers_are_what_their_decimals_say() -> None:
    prices = [draw_values(RECIPE, KEY, Slot(slot), 0)["price"] for slot in range(500)]
    assert all(isinstance(price, float) and Fraction(repr(price)) * 100 % 1 == 0 for price in prices)
    assert all(isinstance(price, float) and 1 <= price <= 99 for price in prices)


def test_a_number_rounded_to_nothing_is_whole() -> None:
    recipe = compile_template("name: a\nvary: {n: {number: [0.5, 2.5], round: 0}}\nsteps: [{id: q, prompt: '{{ n }}'}]")
    drawn = {draw_values(recipe, KEY, Slot(slot), 0)["n"] for slot in range(50)}
    assert drawn == {1, 2}
    assert all(isinstance(number, int) for number in drawn)
