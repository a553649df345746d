"""How a job's slots are cut into shards."""

from collections.abc import Sequence

from gristmill.domain.ids import JobId, ShardNumber
from gristmill.domain.shard import Shard
from gristmill.domain.slots import SHARD_SLOTS, SlotSet


def plan_shards(job: JobId, *, first_slot: int, records: int, first_number: int) -> Sequence[Shard]:
    """Shards for slots `first_slot .. records - 1`, of at most 4,096 slots each; existing shards never change."""
    starts = range(first_slot, records, SHARD_SLOTS)
    return [
        Shard(
            job=job,
            number=ShardNumber(first_number + i),
            done=SlotSet(start, min(SHARD_SLOTS, records - start)),
        )
        for i, start in enumerate(starts)
    ]
