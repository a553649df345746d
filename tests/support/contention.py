"""Workers of one job that do nothing but contend: each slot costs the same, and no slot is worked on."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from gristmill.adapters.sql import open_store
from gristmill.domain.ids import Epoch, ShardNumber, Slot, WorkerId, WriteId
from gristmill.domain.shard import Lease, Shard
from gristmill.domain.slots import SlotSet
from gristmill.errors import StoreBusyError
from gristmill.ports.store import Finished, Store
from support.stores import JOB, a_progress, a_report, a_segment

T = TypeVar("T")

COST = 10


@dataclass(slots=True)
class Contender:
    """A worker that takes shards, slot by slot, until there are none; it keeps the epochs it was given."""

    store: Store
    name: str
    epochs: list[tuple[ShardNumber, Epoch]] = field(default_factory=list)
    _writes: "count[int]" = field(default_factory=count)

    async def work(self) -> None:
        while True:
            answer = await self._insist(lambda write: self.store.acquire_shard(JOB, WorkerId(self.name), write))
            if isinstance(answer, Lease):
                self.epochs.append((answer.shard, answer.epoch))
                await self._make(answer)
            elif isinstance(answer, Finished):
                return

    async def _make(self, lease: Lease) -> None:
        spent = 0
        for slot in list(lease.done.missing()):
            lease = await self._fund(lease, spent)
            if lease.block < spent + COST:
                break
            spent += COST
            lease = await self._commit(lease, slot, spent)
        report = a_report(block=spent, spent=spent)
        held = lease
        await self._insist(lambda write: self.store.release_lease(held, report, write))
        await self.store.finish_job(JOB)

    async def _fund(self, lease: Lease, spent: int) -> Lease:
        report = a_report(block=spent + COST, spent=spent, least=spent + COST)
        return await self._insist(lambda write: self.store.renew_lease(lease, report, write))

    async def _commit(self, lease: Lease, slot: Slot, spent: int) -> Lease:
        progress = a_progress([slot])
        segment = a_segment(lease, f"slot-{slot}", progress)
        report = a_report(block=spent, spent=spent)
        return await self._insist(lambda write: self.store.commit_segment(lease, segment, progress, report, write))

    async def _insist(self, verb: Callable[[WriteId], Awaitable[T]]) -> T:
        write = WriteId(f"{self.name}-{next(self._writes)}")
        while True:
            try:
                return await verb(write)
            except StoreBusyError:
                continue


def small_shards(shards: int, size: int) -> list[Shard]:
    """Far smaller than the product makes them."""
    return [Shard(job=JOB, number=ShardNumber(i), done=SlotSet(Slot(i * size), size)) for i in range(shards)]


async def _contend(url: str, name: str) -> None:
    store = open_store(url)
    contender = Contender(store, name)
    await contender.work()
    await store.close()
    sys.stdout.write(" ".join(f"{shard}:{epoch}" for shard, epoch in contender.epochs))


if __name__ == "__main__":
    asyncio.run(_contend(sys.argv[1], sys.argv[2]))
