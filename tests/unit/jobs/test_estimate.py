from dataclasses import replace

import pytest

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest
from gristmill.domain.job import Order
from gristmill.domain.model import Limits, Model
from gristmill.jobs.estimate import estimate_json, project
from gristmill.jobs.grounds import Grounds, Load
from gristmill.jobs.spread import Spread
from gristmill.recipes import compile_template
from support.mill import PRICED

MODEL = ModelName("test:priced")
RECIPE = compile_template("name: t\nsteps:\n  - id: a\n    prompt: Hi\nattempts: {redraw: 2}\n")
TEN = Spread(low=10, likely=10, high=10)
LOAD = Load(calls=Spread(low=1, likely=1, high=1), input=TEN, output=TEN, cost=TEN)
GROUNDS = Grounds(
    source="pilot",
    load=LOAD,
    models={MODEL: LOAD},
    seconds=Spread(low=2, likely=2, high=2),
    acceptance=Spread(low=0.25, likely=0.5, high=1.0),
    start_seconds=Spread(low=1, likely=1, high=1),
    words="words",
)


def an_order(limits: Limits) -> Order:
    model = Model(name=MODEL, price=PRICED, limits=limits)
    return Order(name="t", template="", recipe=Digest(""), models={MODEL: model}, attempt_limit=3)


def test_an_order_takes_the_attempts_that_its_acceptance_needs() -> None:
    guess = project(RECIPE, an_order(Limits(max_in_flight=5)), 100, GROUNDS)
    assert guess.attempts == Spread(low=100, likely=175, high=231.25)
    assert guess.short == Spread(low=0, likely=12.5, high=42.1875)
    assert guess.load.input == Spread(low=1000, likely=1750, high=2312.5)
    assert guess.models[MODEL].cost == guess.load.cost
    assert guess.warnings[0].startswith("About 12 of 100 records will be missing")
    # 175 attempts of two seconds at five at once, the last alone for four fifths of its time, and the start.
    assert guess.seconds.likely == pytest.approx(175 * 2 / 5 + 2 * 4 / 5 + 1)


def test_few_records_have_no_more_calls_at_once_than_slots() -> None:
    sure = replace(GROUNDS, acceptance=Spread(low=1, likely=1, high=1))
    guess = project(RECIPE, an_order(Limits()), 2, sure)
    assert guess.seconds.likely == 2 * 2 / 2 + 2 / 2 + 1
    assert guess.warnings == []


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [(Limits(requests_per_minute=30), 175 / 30 * 60), (Limits(tokens_per_minute=350), 175 * 20 / 350 * 60)],
)
def test_limits_a_minute_make_time_whatever_the_pace(limits: Limits, seconds: float) -> None:
    guess = project(RECIPE, an_order(limits), 100, GROUNDS)
    assert guess.seconds.likely == pytest.approx(seconds + 1)


def test_records_that_must_differ_are_warned_of() -> None:
    unique = compile_template("name: t\nsteps:\n  - id: a\n    prompt: Hi\nchecks: [{unique: a}]\n")
    sure = replace(GROUNDS, acceptance=Spread(low=1, likely=1, high=1))
    [warning] = project(unique, an_order(Limits()), 10, sure).warnings
    assert warning.startswith("Equal records become more frequent")


def test_a_shortage_that_is_only_possible_is_told_as_such() -> None:
    fair = replace(GROUNDS, acceptance=Spread(low=0.5, likely=1.0, high=1.0))
    assert project(RECIPE, an_order(Limits()), 16, fair).warnings == [
        "Up to 2 of 16 records may use up their attempts."
    ]


def test_the_shape_has_ranges_for_tokens_cost_and_time() -> None:
    shape = estimate_json(project(RECIPE, an_order(Limits()), 100, GROUNDS, worst=5000))
    assert shape["tokens"] == {way: {"low": 1000, "likely": 1750, "high": 2312} for way in ("input", "output")}
    assert shape["cost_usd"] == {"low": "0.000001", "likely": "0.00000175", "high": "0.000002312", "worst": "0.000005"}
    assert shape["acceptance"] == {"rate": 0.5, "low": 0.25, "high": 1.0, "from": "pilot"}
    assert shape["basis"] == "words; 32 calls at once"
    assert "pilot" not in shape
