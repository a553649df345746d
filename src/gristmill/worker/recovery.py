"""Going on from what a dead worker left on this disk."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import structlog

from gristmill.datasets import write_segment
from gristmill.domain.call import Call, CallCounts, kind_of
from gristmill.domain.ids import SIFTING, Digest, JobId, ShardNumber, WorkerId
from gristmill.domain.money import Spent
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin, Segment
from gristmill.domain.usage import Usage
from gristmill.errors import LeaseLostError, NotFoundError, WrongStateError
from gristmill.ports.clock import Clock
from gristmill.ports.journal import DeadEpoch, Start
from gristmill.worker.persist import persist
from gristmill.worker.ports import WorkerPorts

# How long whoever takes a shard lets another worker settle what a dead one left of it. That takes a moment; a worker
# that only stalled until its lease was taken keeps its journal for as long as it lives.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.05

log = structlog.get_logger()


async def recover(ports: WorkerPorts, *jobs: JobId) -> None:
    """Settle every epoch of workers whose journal lies here unlocked, once, and delete the journal.

    Leases of these jobs that they took and never journaled are free again too.

    The journal of a job that is paused or ended stays until the job goes on.

    Answers that no segment shows become rows of unfinished attempts; calls without an answer are presumed at their
    worst; the rest of the dead block goes back. After a reboot the answers are kept, but no money moves.
    """
    for worker in ports.journal.dead_workers():
        settled = [await _settle(ports, epoch) for epoch in ports.journal.read_dead(worker)]
        for job in jobs:
            await _free_unjournaled(ports, job, worker)
        if all(settled):
            ports.journal.forget(worker)


async def await_recovery(ports: WorkerPorts, job: JobId, shard: ShardNumber) -> None:
    """Return once no journal on this disk holds answers of the shard that no segment shows, or patience is over."""
    patience_ends = ports.clock.monotonic() + PATIENCE_SECONDS
    while await _is_unsettled(ports, job, shard) and ports.clock.monotonic() < patience_ends:
        await recover(ports, job)
        await asyncio.sleep(LOOK_SECONDS)


async def _is_unsettled(ports: WorkerPorts, job: JobId, shard: ShardNumber) -> bool:
    losses = await persist(lambda: ports.store.open_losses(job))
    return any(number == shard and ports.journal.is_here(worker) for number, _, worker, _ in losses)


async def _settle(ports: WorkerPorts, dead: DeadEpoch) -> bool:
    """Settle one epoch; false if that must wait until its job goes on."""
    try:
        job = await persist(lambda: ports.store.read_job(dead.job))
        await persist(lambda: ports.store.reap_lease(dead.job, dead.shard, dead.worker, dead.epoch))
        await _settle_loss(ports, dead, job.order.recipe)
    except WrongStateError as error:
        log.info("settled_later", shard=dead.shard, epoch=dead.epoch, why=str(error))
        return False
    except (LeaseLostError, NotFoundError) as error:
        log.info("nothing_to_settle", shard=dead.shard, epoch=dead.epoch, why=str(error))
    return True


async def _free_unjournaled(ports: WorkerPorts, job: JobId, worker: WorkerId) -> None:
    # A sifting has no journal, and whoever dies between a lease and its first line leaves none.
    shards = [
        *await persist(lambda: ports.store.list_shards(job)),
        await persist(lambda: ports.store.read_shard(job, SIFTING)),
    ]
    for shard in shards:
        if shard.worker == worker:
            await persist(partial(ports.store.reap_lease, job, shard.number, worker, shard.epoch))


async def _settle_loss(ports: WorkerPorts, dead: DeadEpoch, recipe: Digest) -> None:
    losses = await persist(lambda: ports.store.open_losses(dead.job))
    settled = next((n for shard, epoch, _, n in losses if (shard, epoch) == (dead.shard, dead.epoch)), None)
    if settled is None:
        return
    calls = [*dead.ended, *(_presumed(start, ports.clock) for start in dead.open)]
    spent = sum((call.spent for call in calls), Spent())
    fresh = calls[settled:] if dead.is_proof else [replace(call, certainty="lost") for call in calls[settled:]]
    segment = await _show(ports, dead, recipe, fresh) if fresh else None
    proven = spent if dead.is_proof else None
    await persist(lambda: ports.store.settle_epoch(dead.job, dead.shard, dead.epoch, proven, segment))
    log.info("epoch_settled", shard=dead.shard, epoch=dead.epoch, answers=len(fresh), proof=dead.is_proof)


async def _show(ports: WorkerPorts, dead: DeadEpoch, recipe: Digest, calls: Sequence[Call]) -> Segment:
    shard = await persist(lambda: ports.store.read_shard(dead.job, dead.shard))
    origin = Origin(job=dead.job, shard=dead.shard, epoch=dead.epoch, passed=shard.passed)
    rows, counts = _unfinished(calls), CallCounts(made=len(calls))
    return await persist(lambda: write_segment(ports.blobs, origin, recipe=recipe, rows=rows, counts=counts))


def _unfinished(calls: Iterable[Call]) -> Sequence[Row]:
    paid = [call for call in calls if call.reply is not None or call.cost]
    paid.sort(key=lambda call: (call.place.slot, call.place.attempt))
    return [
        Row(
            slot=slot,
            attempt=attempt,
            seed_row=None,
            values={},
            record=None,
            calls=tuple(group),
            finished_at=paid[0].at,
        )
        for (slot, attempt), group in groupby(paid, key=lambda call: (call.place.slot, call.place.attempt))
    ]


def _presumed(start: Start, clock: Clock) -> Call:
    return Call(
        place=start.place,
        kind=kind_of(start.place),
        model=start.model,
        prompt=start.prompt,
        reply=None,
        finish_reason="unanswered",
        usage=Usage(),
        cost=start.worst,
        certainty="presumed",
        price_table=start.price_table,
        milliseconds=0,
        at=clock.now(),
    )
