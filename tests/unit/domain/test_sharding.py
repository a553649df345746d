"""Shards cover every slot once."""

from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.ids import JobId
from gristmill.domain.sharding import plan_shards, plan_single_slots, spread_slots
from gristmill.domain.slots import SHARD_SLOTS


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(0, 9))
def test_shards_cover_every_new_slot_once_and_in_order(first_slot: int, more: int, first_number: int) -> None:
    records = first_slot + more
    shards = plan_shards(JobId("job"), first_slot=first_slot, records=records, first_number=first_number)
    assert [slot for shard in shards for slot in shard.done.missing()] == list(range(first_slot, records))
    assert [shard.number for shard in shards] == list(range(first_number, first_number + len(shards)))
    assert all(0 < shard.done.size <= SHARD_SLOTS for shard in shards)


@given(st.integers(1, 60), st.integers(1, 100_000))
def test_spread_slots_are_different_in_order_and_begin_with_the_first(wanted: int, over: int) -> None:
    slots = spread_slots(wanted, over=over)
    assert len(slots) == min(wanted, over)
    assert list(slots) == sorted(set(slots))
    assert slots[0] == 0
    assert slots[-1] < over


def test_spread_slots_do_not_fall_into_step_with_the_rows_of_the_seeds() -> None:
    # Every tenth slot of a hundred would take the same row of ten.
    assert len({slot % 10 for slot in spread_slots(10, over=100)}) > 5
    assert len({slot // 10 for slot in spread_slots(10, over=100)}) > 7


def test_each_single_slot_is_a_shard() -> None:
    shards = plan_single_slots(JobId("job"), spread_slots(3, over=1000))
    assert [list(shard.done.missing()) for shard in shards] == [[slot] for slot in spread_slots(3, over=1000)]
    assert [shard.number for shard in shards] == [0, 1, 2]
