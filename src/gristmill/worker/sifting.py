"""Taking out what several workers made twice."""

from bisect import bisect_right
from collections import defaultdict
from functools import partial

import structlog

from gristmill.datasets import StandingRecords, read_fingerprints
from gristmill.domain.ids import ShardNumber
from gristmill.domain.money import ZERO, Spent
from gristmill.domain.segment import Withdrawal
from gristmill.domain.shard import Lease, Report
from gristmill.errors import LeaseLostError
from gristmill.ports.store import Manifest
from gristmill.worker.persist import new_write, persist
from gristmill.worker.ports import WorkerPorts

# A lease lives for seconds; this many fingerprints are read in much less.
RENEW_EVERY = 50_000

log = structlog.get_logger()


class Sifting:
    """One pass over all records that stand, under the job's one sifting lease."""

    def __init__(self, ports: WorkerPorts, lease: Lease, attempt_limit: int, standing: StandingRecords) -> None:
        """`standing` is empty: the sifting fills it with what it keeps."""
        self._ports = ports
        self._lease = lease
        self._limit = attempt_limit
        self._standing = standing

    async def sift(self) -> StandingRecords | None:
        """Withdraw every record that is like one kept before, and open its slot again. What stands is returned.

        Records are gone through in the order (pass in which they stood, slot), so that a kept one stays kept. None
        if the lease was lost: whoever has it now does the same.
        """
        try:
            manifest = await persist(lambda: self._ports.store.read_manifest(self._lease.job))
            marks = await self._compare(manifest)
            await self._withdraw(marks)
            write, lease = new_write(), self._lease
            await persist(lambda: self._ports.store.finish_sifting(lease, manifest.digest, write))
        except LeaseLostError as error:
            log.warning("sifting_lost", epoch=self._lease.epoch, why=str(error))
            return None
        log.info("sifted", withdrawn=len(marks))
        return self._standing

    async def _compare(self, manifest: Manifest) -> list[Withdrawal]:
        marks, unrenewed = list[Withdrawal](), 0
        async for slot, attempt, fingerprints in read_fingerprints(self._ports.blobs, self._lease.job, manifest):
            unrenewed += len(fingerprints)
            if unrenewed >= RENEW_EVERY:
                unrenewed = 0
                await self._renew()
            reason = self._standing.find_like(fingerprints)
            if reason is None:
                self._standing.add(fingerprints)
            else:
                marks.append(Withdrawal(slot=slot, attempt=attempt, reason=reason))
        return marks

    async def _withdraw(self, marks: list[Withdrawal]) -> None:
        shards = await persist(lambda: self._ports.store.list_shards(self._lease.job))
        firsts = [shard.done.first for shard in shards]
        by_shard = defaultdict[ShardNumber, list[Withdrawal]](list)
        for mark in marks:
            by_shard[shards[bisect_right(firsts, mark.slot) - 1].number].append(mark)
        for number, found in by_shard.items():
            await self._renew()
            await persist(partial(self._mark, number, found))

    async def _mark(self, number: ShardNumber, marks: list[Withdrawal]) -> None:
        await self._ports.store.withdraw_records(self._lease, number, marks, attempt_limit=self._limit)

    async def _renew(self) -> None:
        report, write, lease = Report(spent=Spent(), block=ZERO), new_write(), self._lease
        self._lease = await persist(lambda: self._ports.store.renew_lease(lease, report, write))
