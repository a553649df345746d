from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.errors import ChangedInputsError, WrongStateError
from gristmill.jobs import control
from gristmill.jobs.create import create_job
from gristmill.jobs.resume import continue_job, last_job
from support.orders import PRICED_MODEL, SEEDS, TEMPLATE, a_request, chance, open_ports


async def test_the_same_order_again_changes_nothing(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path)
        job = await create_job(request, ports, chance=chance())
        assert await last_job(ports) == job
        assert await continue_job(job, request, ports) == job


async def test_no_job_is_the_last_where_there_is_none(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        assert await last_job(ports) is None


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"template": TEMPLATE.replace("Answer:", "Reply:")}, "template: capitals"),
        ({"rows": SEEDS[:2]}, "seeds: "),
        ({"random_seed": 9}, "random seed: 0 is now 9"),
        ({"records": 3}, "records: 4 is now 3"),
        ({"aliases": {"cheap": PRICED_MODEL}}, "model cheap: test:free is now test:priced"),
    ],
)
async def test_changed_inputs_are_refused_with_the_difference(
    tmp_path: Path, changes: dict[str, object], line: str
) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path), ports, chance=chance())
        changed = await a_request(ports, tmp_path, **changes)  # type: ignore[arg-type]
        with pytest.raises(ChangedInputsError, match=line):
            await continue_job(job, changed, ports)


async def test_more_records_extend_the_job_and_more_money_tops_it_up(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(
            ports, tmp_path, records=4096, aliases={"cheap": PRICED_MODEL}, budget=NanoUsd(2_000_000)
        )
        job = await create_job(request, ports, chance=chance())
        more = replace(request, records=5000, budget=NanoUsd(9_000_000))
        continued = await continue_job(job, more, ports)
        shards = await ports.store.list_shards(job.id)
    assert (continued.records, continued.budget) == (5000, 9_000_000)
    assert [shard.done.size for shard in shards] == [4096, 904]


async def test_a_paused_job_goes_on_and_one_without_money_waits_for_some(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, aliases={"cheap": PRICED_MODEL}, budget=NanoUsd(2_000_000))
        job = await create_job(request, ports, chance=chance())
        paused = await control.pause(ports.store, job.id)
        assert paused.status is JobStatus.PAUSED
        assert (await continue_job(paused, request, ports)).status is JobStatus.QUEUED
        await ports.store.stop_job(job.id, StopReason.BUDGET_EXHAUSTED)
        await ports.store.finish_job(job.id)
        spent = await ports.store.read_job(job.id)
        assert (await continue_job(spent, request, ports)).status is JobStatus.BUDGET_EXHAUSTED
        richer = replace(request, budget=NanoUsd(3_000_000))
        assert (await continue_job(spent, richer, ports)).status is JobStatus.QUEUED


async def test_an_ended_job_cannot_be_cancelled_but_resumed_and_topped_up(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path), ports, chance=chance())
        assert (await control.cancel(ports.store, job.id)).status is JobStatus.CANCELLED
        with pytest.raises(WrongStateError, match="has ended"):
            await control.cancel(ports.store, job.id)
        assert (await control.resume(ports.store, job.id)).status is JobStatus.QUEUED
        assert (await control.top_up(ports.store, job.id, NanoUsd(5))).budget == 5
