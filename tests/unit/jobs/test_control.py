"""A user's hand on jobs: retried, extended, cloned, deleted, and nobody else's."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gristmill.datasets import read_records
from gristmill.domain.completion import Completion, Reply
from gristmill.domain.ids import JobId, UserId
from gristmill.domain.job import JobStatus
from gristmill.errors import NotFoundError, WrongStateError
from gristmill.jobs import control
from gristmill.jobs.clone import clone_request
from gristmill.jobs.create import create_job, job_id_of
from gristmill.jobs.follow import Follower, StopSwitch
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import JobReport
from support.mill import FakeModels, say
from support.orders import RoomExecutor, a_request, chance, open_ports
from support.stores import NOON

CHECKED = """\
name: checked
defaults: {model: cheap, max_tokens: 50}
vary: {number: {integer: [1, 1000000]}}
steps:
  - {id: line, prompt: "{{ slot }} {{ number }}"}
record: {line: "{{ steps.line.output }}"}
checks:
  - {expect: "{{ 'bad' not in record.line }}", reason: bad}
  - {unique: line}
attempts: {repair: 0, redraw: 1}
"""


@dataclass(slots=True)
class Moody:
    """Answers badly for some slots while it is in a bad mood, and notes every prompt."""

    bad: frozenset[str] = frozenset()
    prompts: list[str] = field(default_factory=list)

    async def reply(self, request: Completion) -> Reply:
        prompt = request.messages[-1].content
        self.prompts.append(prompt)
        return say("bad" if prompt.split()[0] in self.bad else prompt)


async def mill(ports: JobPorts, folder: Path, job: JobId, mood: Moody) -> JobReport:
    executor = RoomExecutor(ports, folder, FakeModels(mood.reply))
    watch = Follower(
        store=ports.store, executor=executor, clock=ports.clock, watch=lambda *_: None, switch=StopSwitch()
    )
    return await watch.follow(job, 1)


async def lines(ports: JobPorts, job: JobId) -> list[object]:
    manifest = await ports.store.read_manifest(job)
    return [(row.record or {})["line"] async for row in read_records(ports.blobs, job, manifest)]


async def test_rejects_are_retried_with_other_draws_and_what_stood_stays(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path, template=CHECKED, rows=()), ports, chance=chance())
        first = Moody(bad=frozenset({"1", "3"}))
        short = await mill(ports, tmp_path, job.id, first)
        assert (short.job.status, short.totals.accepted, short.totals.short) == (JobStatus.SHORT, 2, 2)
        stood = await lines(ports, job.id)

        await control.retry_rejects(ports.store, ports.blobs, job.id)
        second = Moody(bad=frozenset({"3"}))
        again = await mill(ports, tmp_path, job.id, second)
        assert (again.job.status, again.totals.accepted, again.totals.rejects) == (JobStatus.SHORT, 3, {"bad": 6})
        assert set(stood) < set(await lines(ports, job.id))
        assert {prompt.split()[0] for prompt in second.prompts} == {"1", "3"}
        assert not set(first.prompts) & set(second.prompts)

        await control.retry_rejects(ports.store, ports.blobs, job.id)
        done = await mill(ports, tmp_path, job.id, Moody())
        assert (done.job.status, done.job.rounds) == (JobStatus.COMPLETED, 3)
        with pytest.raises(WrongStateError, match="was given up"):
            await control.retry_rejects(ports.store, ports.blobs, job.id)


async def test_a_job_is_extended_and_queued_again(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path, template=CHECKED, rows=()), ports, chance=chance())
        await mill(ports, tmp_path, job.id, Moody())
        assert (await control.extend(ports.store, job.id, 6)).status is JobStatus.QUEUED
        assert (await mill(ports, tmp_path, job.id, Moody())).totals.accepted == 6
        with pytest.raises(WrongStateError, match="6 is not more"):
            await control.extend(ports.store, job.id, 6)


async def test_a_clone_makes_the_same_records_under_an_id_of_its_own(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path, template=CHECKED, rows=()), ports, chance=chance())
        await mill(ports, tmp_path, job.id, Moody())
        named = job_id_of(NOON, "ann key")
        clone = await create_job(clone_request(job, ports.blobs, job_id=named), ports, chance=chance())
        assert (clone.id, clone.order) == (named, job.order)
        await mill(ports, tmp_path, clone.id, Moody())
        assert await lines(ports, clone.id) == await lines(ports, job.id)


async def test_a_deleted_job_leaves_no_file(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        job = await create_job(await a_request(ports, tmp_path, template=CHECKED, rows=()), ports, chance=chance())
        await mill(ports, tmp_path, job.id, Moody())
        assert [name async for name in ports.blobs.list(f"jobs/{job.id}/")]
        await control.delete(ports.store, ports.blobs, job.id)
        assert [name async for name in ports.blobs.list(f"jobs/{job.id}/")] == []


async def test_somebody_elses_job_is_as_unknown_as_none(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        ann, bob = UserId("ann"), UserId("bob")
        wanted = await a_request(ports, tmp_path, template=CHECKED, rows=(), owner=ann)
        job = await create_job(wanted, ports, chance=chance())
        assert (await control.find_job(ports.store, ann, job.id)).id == job.id
        for owner, key in ((bob, job.id), (ann, JobId("none"))):
            with pytest.raises(NotFoundError, match=f"There is no job {key}"):
                await control.find_job(ports.store, owner, key)
