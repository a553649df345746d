from datetime import UTC, datetime
from pathlib import Path

import pytest

from gristmill.domain.job import JobStatus
from gristmill.domain.money import NanoUsd
from gristmill.errors import (
    BadInputError,
    BudgetRequiredError,
    BudgetTooSmallError,
    InvalidSeedsError,
    InvalidTemplateError,
    UnknownModelError,
    UnknownPriceError,
)
from gristmill.jobs.create import create_job, new_job_id
from support.orders import FREE_MODEL, PRICED_MODEL, a_request, chance, open_ports


async def test_a_job_is_queued_with_its_models_and_prices_frozen_into_it(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, records=9000, max_in_flight=3)
        job = await create_job(request, ports, chance=chance())
        stored = await ports.store.read_job(job.id)
        shards = await ports.store.list_shards(job.id)
    assert stored == job
    assert job.status is JobStatus.QUEUED
    assert job.order.aliases == {"cheap": FREE_MODEL}
    assert job.order.models[FREE_MODEL].price.table == "test"
    assert job.order.max_in_flight == 3
    assert [len(list(shard.done.missing())) for shard in shards] == [4096, 4096, 808]


async def test_a_model_given_for_everything_stands_for_every_name(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, aliases={"": FREE_MODEL})
        job = await create_job(request, ports, chance=chance())
    assert job.order.aliases == {"cheap": FREE_MODEL}


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"template": "steps: []"}, InvalidTemplateError, "template"),
        ({"seeds": {}}, InvalidSeedsError, "city"),
        ({"aliases": {"cheep": FREE_MODEL}}, UnknownModelError, "Did you mean 'cheep'"),
        ({"aliases": {}}, UnknownModelError, "Name one. --model cheap=PROVIDER:MODEL"),
        ({"aliases": {"cheap": "test:unheard"}}, UnknownPriceError, "test:unheard"),
        ({"aliases": {"cheap": PRICED_MODEL}}, BudgetRequiredError, "so the job needs a budget"),
        ({"aliases": {"cheap": PRICED_MODEL}, "budget": NanoUsd(10)}, BudgetTooSmallError, "first call"),
    ],
)
async def test_what_cannot_be_made_is_refused_before_a_job_exists(
    tmp_path: Path, changes: dict[str, object], error: type[BadInputError], words: str
) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, **changes)  # type: ignore[arg-type]
        with pytest.raises(error) as refusal:
            await create_job(request, ports, chance=chance())
        assert words in f"{refusal.value} {refusal.value.at_shell}"
        assert await ports.store.list_jobs() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"records": 0}, "at least one record"),
        ({"records": 10**20}, "at most 100,000,000"),
        ({"max_in_flight": 0}, "At least one call"),
        ({"random_seed": 2**63}, "at most 63 bits"),
        ({"random_seed": -(2**63)}, "at most 63 bits"),
    ],
)
async def test_numbers_that_no_job_can_have_are_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    async with open_ports(tmp_path) as ports:
        with pytest.raises(BadInputError, match=words):
            await a_request(ports, tmp_path, **changes)  # type: ignore[arg-type]


async def test_rows_that_lack_what_prompts_need_are_named(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, rows=[{"city": {"name": "Lima"}}, {"city": {}}])
        with pytest.raises(InvalidSeedsError) as refusal:
            await create_job(request, ports, chance=chance())
    assert "row 2" in refusal.value.findings[0].message


async def test_a_priced_job_starts_with_a_budget_that_covers_a_call(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, aliases={"cheap": PRICED_MODEL}, budget=NanoUsd(2_000_000))
        job = await create_job(request, ports, chance=chance())
    assert job.budget == 2_000_000


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [new_job_id(datetime(2026, 3, day, tzinfo=UTC), chance()) for day in (1, 2, 11)]
    assert ids == sorted(ids)
