"""From a job's row to what its records are made with."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gristmill.datasets import store_seeds
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, Slot
from gristmill.domain.job import Job
from gristmill.errors import ChangedInputsError
from gristmill.generation.pace import START
from gristmill.worker.prepare import prepare
from support.mill import MODEL, ONE_STEP, FakeModels, Mill, echo

FORK = """\
name: fork
defaults: {max_tokens: 50}
steps:
  - {id: left, model: cheap, prompt: "left"}
  - {id: right, model: premium, prompt: "right"}
  - {id: end, model: "test:model", prompt: "end {{ steps.left.output }} {{ steps.right.output }}"}
"""


async def ordered(mill: Mill, template: str = ONE_STEP, **changes: Any) -> Job:
    job = await mill.order(template)
    return replace(job, order=replace(job.order, **changes))


async def test_models_of_several_names_share_one_lane_if_they_are_one(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    job = await ordered(mill, FORK)
    async with mill.open(FakeModels(echo)) as ports:
        with prepare(job, ports) as means:
            assert set(means.lanes) == {"cheap", "premium", MODEL}
            assert len({id(lane.pace) for lane in means.lanes.values()}) == 1
            assert len({id(lane.breaker) for lane in means.lanes.values()}) == 1


async def test_different_models_have_lanes_of_their_own(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    job = await ordered(mill, FORK)
    other = ModelName("test:other")
    aliases = {**job.order.aliases, "premium": other}
    models = {**job.order.models, other: replace(job.order.models[MODEL], name=other)}
    job = replace(job, order=replace(job.order, aliases=aliases, models=models))
    async with mill.open(FakeModels(echo)) as ports:
        with prepare(job, ports) as means:
            assert {alias: lane.model.name for alias, lane in means.lanes.items()} == aliases
            assert means.lanes["cheap"].pace is means.lanes[MODEL].pace
            assert means.lanes["cheap"].pace is not means.lanes["premium"].pace


async def test_a_template_that_compiles_otherwise_is_refused(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    job = await ordered(mill, recipe=Digest("0" * 64))
    async with mill.open(FakeModels(echo)) as ports:
        with pytest.raises(ChangedInputsError, match=r"was 000000000000\b"), prepare(job, ports):
            pass


async def test_seeds_are_open_for_as_long_as_the_means(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps({"product": name}) + "\n" for name in ("tea", "jam", "oil")))
    async with mill.open(FakeModels(echo)) as ports:
        stored = await store_seeds(path, ports.blobs)
        with prepare(await ordered(mill, seeds={"": stored.digest}), ports) as means:
            assert means.seeds is not None
            row = means.seed_row(Slot(4))
            assert row == 1
            assert means.seeds.row(row) == {"product": "jam"}
            assert means.key.seeds == {"": stored.digest}


async def test_a_worker_draws_from_every_set_of_the_order(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    path = tmp_path / "people.jsonl"
    path.write_text('{"name": "Ann"}\n')
    template = ONE_STEP.replace("vary: {colour: [red, green, blue]}", "vary: {colour: {seeds: people}}")
    async with mill.open(FakeModels(echo)) as ports:
        stored = await store_seeds(path, ports.blobs)
        with prepare(await ordered(mill, template, seeds={"people": stored.digest}), ports) as means:
            assert means.seeds is None
            assert means.open_scope(Slot(7), 0).values == {"colour": {"name": "Ann"}}


@pytest.mark.parametrize(("most", "window"), [(None, START), (3, 3)])
async def test_no_more_calls_are_in_flight_than_the_order_allows(tmp_path: Path, most: int | None, window: int) -> None:
    mill = Mill(tmp_path)
    job = await ordered(mill, max_in_flight=most)
    async with mill.open(FakeModels(echo)) as ports:
        with prepare(job, ports) as means:
            assert means.lanes[MODEL].pace.window == window
