"""Shards cover every slot once."""

from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.ids import JobId
from gristmill.domain.sharding import plan_shards
from gristmill.domain.slots import SHARD_SLOTS


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(0, 9))
def test_shards_cover_every_new_slot_once_and_in_order(first_slot: int, more: int, first_number: int) -> None:
    records = first_slot + more
    shards = plan_shards(JobId("job"), first_slot=first_slot, records=records, first_number=first_number)
    assert [slot for shard in shards for slot in shard.done.missing()] == list(range(first_slot, records))
    assert [shard.number for shard in shards] == list(range(first_number, first_number + len(shards)))
    assert all(0 < shard.done.size <= SHARD_SLOTS for shard in shards)
