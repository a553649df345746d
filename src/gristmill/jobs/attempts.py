"""Every attempt of a small job, whole in memory: what previews show and pilots measure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gristmill.datasets import SeedsReader, read_records, read_rejects, read_unfinished, seeds_name
from gristmill.domain.ids import Slot
from gristmill.domain.job import Job
from gristmill.domain.json import JsonObject
from gristmill.domain.record import Row
from gristmill.jobs.ports import JobPorts


async def read_attempts(job: Job, ports: JobPorts) -> Sequence[Row]:
    """Accepted, rejected and unfinished attempts, by slot and attempt."""
    manifest = await ports.store.read_manifest(job.id)
    ended = [row async for row in read_records(ports.blobs, job.id, manifest)]
    ended += [row async for row in read_rejects(ports.blobs, job.id, manifest)]
    cut = [
        row
        for shard in await ports.store.list_shards(job.id)
        for row in await read_unfinished(ports.blobs, job.id, manifest, shard.number, shard.done)
    ]
    rows = [*ended, *_joined(cut, known={(row.slot, row.attempt) for row in ended})]
    return sorted(rows, key=lambda row: (row.slot, row.attempt))


def seeds_of(rows: Iterable[Row], job: Job, ports: JobPorts) -> dict[Slot, JsonObject]:
    """The seed of each slot among the rows; empty where there is none."""
    rows = list(rows)
    if "" not in job.order.seeds:
        return {row.slot: {} for row in rows}
    with ports.blobs.open(seeds_name(job.order.seeds[""])) as file:
        reader = SeedsReader(file)
        return {row.slot: reader.row(row.slot % reader.rows) for row in rows}


def _joined(cut: Iterable[Row], known: set[tuple[Slot, int]]) -> Iterable[Row]:
    """One row for each attempt: every commit told of the calls since the one before."""
    joined: dict[tuple[Slot, int], Row] = {}
    for row in cut:
        key = (row.slot, row.attempt)
        before = joined.get(key)
        if key not in known:
            joined[key] = replace(row, calls=before.calls + row.calls) if before else row
    return joined.values()
