"""What attempts are made with: seed rows in turn, covers that learn, and the count of those that rest."""

from gristmill.domain.completion import Sampling
from gristmill.domain.ids import Slot
from gristmill.domain.money import NanoUsd
from gristmill.generation.means import Covers, Resting
from gristmill.recipes.recipe import Step
from support.making import Script, some_means, virtually
from support.mill import say
from support.virtual_time import VirtualClock


def a_step(name: str) -> Step:
    return Step(id=name, model="cheap", sampling=Sampling(max_tokens=10))


@virtually
async def test_slots_take_the_seed_rows_in_turn(clock: VirtualClock) -> None:
    means = some_means(clock, Script(clock, [say("x")]), seeds=[{}, {}, {}])
    assert [means.seed_row(Slot(slot)) for slot in range(5)] == [0, 1, 2, 0, 1]


@virtually
async def test_without_seeds_there_is_no_seed_row(clock: VirtualClock) -> None:
    assert some_means(clock, Script(clock, [say("x")])).seed_row(Slot(3)) is None


def test_a_record_needs_the_worst_seen_of_each_later_step_covered() -> None:
    steps = (a_step("first"), a_step("second"), a_step("third"))
    covers = Covers()
    assert covers.after(steps[0], steps) == 0
    for step, worst in [("first", 7), ("second", 10), ("second", 5), ("third", 1)]:
        covers.note(step, NanoUsd(worst))
    assert covers.after(steps[0], steps) == 11


def test_a_record_counts_as_resting_for_as_long_as_it_waits_and_the_worker_hears_of_it() -> None:
    resting = Resting()
    with resting.one_more():
        assert (resting.records, resting.changed.is_set()) == (1, True)
    assert resting.records == 0
