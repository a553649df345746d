"""Deleting files that no manifest will ever name."""

from collections.abc import Mapping

import structlog

from gristmill.domain.ids import Epoch, JobId, ShardNumber
from gristmill.domain.job import ENDED
from gristmill.worker.persist import persist
from gristmill.worker.ports import WorkerPorts

log = structlog.get_logger()


async def tidy_job(ports: WorkerPorts, job: JobId) -> int:
    """Delete the job's segment files of older epochs that the manifest lacks; how many there were.

    Files are listed first, then the shards' epochs are read, then the manifest: a file of the present epoch may be
    about to be committed, one of a dead epoch may still be settled while its loss is open, and one that was committed
    meanwhile is in the manifest.
    """
    store = ports.store
    names = [name async for name in ports.blobs.list(f"jobs/{job}/segments/")]
    epochs = {shard.number: shard.epoch for shard in await persist(lambda: store.list_shards(job))}
    has_ended = (await persist(lambda: store.read_job(job))).status in ENDED
    unsettled = {(shard, epoch) for shard, epoch, _, _ in await persist(lambda: store.open_losses(job))}
    manifest = await persist(lambda: store.read_manifest(job))
    kept = {f"jobs/{job}/{segment.name}" for segment in manifest.segments}
    orphans = [
        name
        for name in names
        if name not in kept and _origin(name) not in unsettled and (has_ended or _is_old(name, epochs))
    ]
    for name in orphans:
        await ports.blobs.delete(name)
    if orphans:
        log.info("tidied", files=len(orphans))
    return len(orphans)


def _is_old(name: str, epochs: Mapping[ShardNumber, Epoch]) -> bool:
    shard, epoch = _origin(name)
    return epoch < epochs.get(shard, Epoch(0))


def _origin(name: str) -> tuple[ShardNumber, Epoch]:
    """The shard and epoch in a segment's file name (see domain.segment.segment_name)."""
    shard, epoch, _ = name.rsplit("/", 1)[-1].split("-", 2)
    return ShardNumber(int(shard)), Epoch(int(epoch))
