"""Every store tells the commits of a job in their order, from wherever the reader left off."""

from datetime import timedelta

from gristmill.domain.ids import JobId
from support.stores import JOB, NOON, Mill


def test_commits_are_told_in_order_each_with_its_time_and_its_segment(mill: Mill) -> None:
    mill.create(records=5)
    lease = mill.acquire()
    lease = mill.commit(lease, range(2))
    mill.clock.pass_by(timedelta(seconds=3))
    mill.commit(lease, range(2, 5))
    first, second = mill(mill.store.list_commits(JOB))
    assert (first.segment, second.segment) == mill(mill.store.read_manifest(JOB)).segments
    assert (first.at, second.at) == (NOON, NOON + timedelta(seconds=3))
    assert first.sequence < second.sequence


def test_a_reader_goes_on_where_they_left_off(mill: Mill) -> None:
    mill.create(records=5)
    lease = mill.acquire()
    for slot in range(3):
        lease = mill.commit(lease, [slot])
    told = mill(mill.store.list_commits(JOB))
    assert mill(mill.store.list_commits(JOB, limit=2)) == told[:2]
    assert mill(mill.store.list_commits(JOB, after=told[0].sequence)) == told[1:]
    assert mill(mill.store.list_commits(JOB, after=told[-1].sequence)) == []


def test_a_job_that_is_not_there_has_no_commits(mill: Mill) -> None:
    assert mill(mill.store.list_commits(JobId("nobody"))) == []
