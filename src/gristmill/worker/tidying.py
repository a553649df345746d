"""Deleting files that no manifest will ever name."""

import structlog

from gristmill.domain.ids import Epoch, JobId, ShardNumber
from gristmill.domain.job import ENDED
from gristmill.worker.ports import WorkerPorts

log = structlog.get_logger()


async def tidy_job(ports: WorkerPorts, job: JobId) -> int:
    """Delete the job's segment files of older epochs that the manifest lacks; how many there were.

    Files are listed first, then the shards' epochs are read, then the manifest: a file of the present epoch may be
    about to be committed, one of a dead epoch may still be settled while its loss is open, and one that was committed
    meanwhile is in the manifest.
    """
    names = [name async for name in ports.blobs.list(f"jobs/{job}/segments/")]
    epochs = {shard.number: shard.epoch for shard in await ports.store.list_shards(job)}
    unsettled = {(shard, epoch) for shard, epoch, _, _ in await ports.store.open_losses(job)}
    ended = (await ports.store.read_job(job)).status in ENDED
    manifest = await ports.store.read_manifest(job)
    kept = {f"jobs/{job}/{segment.name}" for segment in manifest.segments}
    orphans = [name for name in names if name not in kept and (ended or _is_dead(name, epochs, unsettled))]
    for name in orphans:
        await ports.blobs.delete(name)
    if orphans:
        log.info("tidied", files=len(orphans))
    return len(orphans)


def _is_dead(name: str, epochs: dict[ShardNumber, Epoch], unsettled: set[tuple[ShardNumber, Epoch]]) -> bool:
    shard, epoch = _origin(name)
    return epoch < epochs.get(shard, Epoch(0)) and (shard, epoch) not in unsettled


def _origin(name: str) -> tuple[ShardNumber, Epoch]:
    """The shard and epoch in a segment's file name (see domain.segment.segment_name)."""
    shard, epoch, _ = name.rsplit("/", 1)[-1].split("-", 2)
    return ShardNumber(int(shard)), Epoch(int(epoch))
