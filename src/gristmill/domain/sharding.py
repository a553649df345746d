"""How a job's slots are cut into shards."""

import math
from collections.abc import Iterable, Sequence
from itertools import count, islice

from gristmill.domain.ids import JobId, ShardNumber, Slot
from gristmill.domain.shard import Shard
from gristmill.domain.slots import SHARD_SLOTS, SlotSet

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


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


def plan_single_slots(job: JobId, slots: Iterable[Slot]) -> Sequence[Shard]:
    """A shard for each of some slots, which need not follow one another."""
    return [Shard(job=job, number=ShardNumber(i), done=SlotSet(slot, 1)) for i, slot in enumerate(slots)]


def spread_slots(wanted: int, *, over: int) -> Sequence[Slot]:
    """So many different slots of `0 .. over - 1`, in order, the first among them.

    Multiples of the golden ratio lie evenly and fall into no step with the seeds' rows, which slots take in turn.
    Source: D. E. Knuth, "The Art of Computer Programming", volume 3, section 6.4, theorem S.
    """
    places = (Slot(int(over * (i * GOLDEN_RATIO % 1))) for i in count())
    seen: dict[Slot, None] = {}
    new = (slot for slot in places if slot not in seen)
    for slot in islice(new, min(wanted, over)):
        seen[slot] = None
    return sorted(seen)
