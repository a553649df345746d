"""Going on from what a dead worker left on this disk."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import structlog

from gristmill.datasets import write_segment
from gristmill.domain.call import Call, CallCounts
from gristmill.domain.ids import Digest
from gristmill.domain.money import Spent
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin
from gristmill.domain.usage import Usage
from gristmill.errors import LeaseLostError, NotFoundError, WrongStateError
from gristmill.ports.clock import Clock
from gristmill.ports.journal import DeadEpoch, Start
from gristmill.worker.persist import persist
from gristmill.worker.ports import WorkerPorts

log = structlog.get_logger()


async def recover(ports: WorkerPorts) -> None:
    """Settle every epoch of workers whose journal lies here unlocked, once, and delete the journal.

    The journal of a job that is paused or ended stays until the job goes on.

    Answers that no segment shows become rows of unfinished attempts; calls without an answer are presumed at their
    worst; the rest of the dead block goes back. After a reboot the answers are kept, but no money moves.
    """
    for worker in ports.journal.dead_workers():
        settled = [await _settle(ports, epoch) for epoch in ports.journal.read_dead(worker)]
        if all(settled):
            ports.journal.forget(worker)


async def _settle(ports: WorkerPorts, dead: DeadEpoch) -> bool:
    """Settle one epoch; false if that must wait until its job goes on."""
    try:
        job = await ports.store.read_job(dead.job)
        await persist(lambda: ports.store.reap_lease(dead.job, dead.shard, dead.worker, dead.epoch))
        await _settle_loss(ports, dead, job.order.recipe)
    except WrongStateError as error:
        log.info("settled_later", shard=dead.shard, epoch=dead.epoch, why=str(error))
        return False
    except (LeaseLostError, NotFoundError) as error:
        log.info("nothing_to_settle", shard=dead.shard, epoch=dead.epoch, why=str(error))
    return True


async def _settle_loss(ports: WorkerPorts, dead: DeadEpoch, recipe: Digest) -> None:
    losses = await ports.store.open_losses(dead.job)
    settled = next((n for shard, epoch, _, n in losses if (shard, epoch) == (dead.shard, dead.epoch)), None)
    if settled is None:
        return
    calls = [*dead.ended, *(_presumed(start, ports.clock) for start in dead.open)]
    spent = sum((call.spent for call in calls), Spent())
    fresh = calls[settled:] if dead.is_proof else [replace(call, certainty="lost") for call in calls[settled:]]
    shard = await ports.store.read_shard(dead.job, dead.shard)
    segment = await persist(
        lambda: write_segment(
            ports.blobs,
            Origin(job=dead.job, shard=dead.shard, epoch=dead.epoch, passed=shard.passed),
            recipe=recipe,
            rows=_unfinished(fresh),
            counts=CallCounts(),
        )
    )
    proven = spent if dead.is_proof else None
    await persist(lambda: ports.store.settle_epoch(dead.job, dead.shard, dead.epoch, proven, segment))
    log.info("epoch_settled", shard=dead.shard, epoch=dead.epoch, answers=len(fresh), proof=dead.is_proof)


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
        kind="repair" if start.place.repair else "call",
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
