import asyncio
import json
from pathlib import Path

import pytest

from gristmill.domain.completion import Completion, Reply
from gristmill.domain.event import Event
from gristmill.domain.job import JobStatus, StopReason
from gristmill.errors import WorkersDiedError
from gristmill.jobs import follow
from gristmill.jobs.create import create_job
from gristmill.jobs.export import ExportOrder, recipe_for_export
from gristmill.jobs.follow import Follower, StopSwitch
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import JobReport, report_json
from gristmill.jobs.run import deliver, take_up
from gristmill.jobs.summary import Pace
from support.mill import FakeModels, say
from support.orders import RoomExecutor, a_request, chance, open_ports


async def answer(request: Completion) -> Reply:
    """Valid for both steps."""
    await asyncio.sleep(0)
    return say(json.dumps({"text": "Why?"}) if request.schema else "Because.")


def a_follower(ports: JobPorts, executor: RoomExecutor, switch: StopSwitch | None = None) -> Follower:
    seen = list[tuple[JobReport, list[Event]]]()
    return Follower(
        store=ports.store,
        executor=executor,
        clock=ports.clock,
        watch=lambda report, events: seen.append((report, events)),
        switch=switch or StopSwitch(),
    )


async def test_a_followed_job_ends_and_is_delivered(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        executor = RoomExecutor(ports, tmp_path, FakeModels(answer))
        follower = a_follower(ports, executor)
        taken = await take_up(await a_request(ports, tmp_path), ports, follower, chance=chance())
        report = await follower.follow(taken.job.id, 1)
        pace = Pace(seconds=2.0, accepted=report.totals.accepted)
        recipe = recipe_for_export(report.job)
        orders = [ExportOrder(format="jsonl", recipe=recipe), ExportOrder(format="csv", recipe=recipe)]
        delivery = await deliver(report, ports, folder=tmp_path, orders=orders, pace=pace)
    lines = (tmp_path / "dataset.jsonl").read_text().splitlines()
    summary = json.loads(delivery.summary.read_text())
    assert not taken.is_continued
    assert report.job.status is JobStatus.COMPLETED
    assert [json.loads(line) for line in lines] == [{"question": "Why?", "answer": "Because."}] * 4
    assert summary["records"] == {"asked": 4, "accepted": 4, "rejected": 0}
    assert summary["calls"]["made"] == 8
    assert summary["records_per_second"] == 2.0
    assert [export["path"] for export in summary["exports"]] == ["dataset.jsonl", "dataset.csv"]
    assert report_json(report)["eta_seconds"] is None


async def test_workers_that_die_are_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FIRST_RESTART_SECONDS", 0.001)
    async with open_ports(tmp_path) as ports:
        executor = RoomExecutor(ports, tmp_path, FakeModels(answer), dying=2)
        follower = a_follower(ports, executor)
        taken = await take_up(await a_request(ports, tmp_path), ports, follower, chance=chance())
        report = await follower.follow(taken.job.id, 1)
        events = await ports.store.read_events(taken.job.id)
    assert report.job.status is JobStatus.COMPLETED
    assert executor.launched == 3
    warnings = [event.fields["message"] for event in events if event.type == "warning"]
    assert warnings == ["a worker ended with SIGKILL; another takes its place"] * 2


async def test_workers_that_only_die_are_given_up_with_their_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FIRST_RESTART_SECONDS", 0.001)
    async with open_ports(tmp_path) as ports:
        executor = RoomExecutor(ports, tmp_path, FakeModels(answer), dying=1000)
        follower = a_follower(ports, executor)
        taken = await take_up(await a_request(ports, tmp_path), ports, follower, chance=chance())
        with pytest.raises(WorkersDiedError, match="SIGKILL"):
            await follower.follow(taken.job.id, 1)


async def test_a_pressed_switch_pauses_the_job_and_the_same_order_goes_on(tmp_path: Path) -> None:
    switch = StopSwitch()

    async def press(request: Completion) -> Reply:
        if not switch.asked.is_set():
            switch.press()
        return await answer(request)

    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, records=500)
        executor = RoomExecutor(ports, tmp_path, FakeModels(press))
        follower = a_follower(ports, executor, switch)
        taken = await take_up(request, ports, follower, chance=chance())
        report = await follower.follow(taken.job.id, 1)
        assert report.job.status is JobStatus.PAUSED
        again = a_follower(ports, RoomExecutor(ports, tmp_path, FakeModels(answer)))
        taken = await take_up(request, ports, again, chance=chance())
        assert taken.is_continued
        report = await again.follow(taken.job.id, 2)
    assert report.job.status is JobStatus.COMPLETED
    assert report.totals.accepted == 500


async def test_a_job_that_was_left_stopping_is_settled_before_it_goes_on(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path)
        job = await create_job(request, ports, chance=chance())
        left = await ports.store.stop_job(job.id, StopReason.PAUSED)
        follower = a_follower(ports, RoomExecutor(ports, tmp_path, FakeModels(answer)))
        taken = await take_up(request, ports, follower, chance=chance())
        report = await follower.follow(taken.job.id, 1)
    assert left.status is JobStatus.STOPPING
    assert taken.job.status is JobStatus.QUEUED
    assert report.job.status is JobStatus.COMPLETED
