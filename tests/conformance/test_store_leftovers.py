"""Every store tells what is left of deleted jobs, and forgets their exports."""

from pathlib import Path

from gristmill.adapters.local import LocalBlobs
from gristmill.domain.export import Export, ExportWish
from gristmill.domain.ids import ExportId, JobId, UserId
from gristmill.domain.job import StopReason
from gristmill.jobs.leftovers import tidy_deleted
from support.stores import JOB, NOON, Mill

EXPORT = Export(id=ExportId("e1"), job=JOB, owner=UserId("ann"), wish=ExportWish(format="csv"), created_at=NOON)
STRANGE = [JobId(f"job-{number}") for number in range(2, 1_200)]


def delete(mill: Mill) -> None:
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    mill(mill.store.finish_job(JOB))
    mill(mill.store.delete_job(JOB))


def test_only_deleted_jobs_are_told_of_however_many_are_named(mill: Mill) -> None:
    mill.create()
    assert mill(mill.store.list_deleted_jobs([JOB, *STRANGE])) == []
    delete(mill)
    assert mill(mill.store.list_deleted_jobs([JOB, *STRANGE])) == [JOB]
    assert mill(mill.store.list_deleted_jobs(STRANGE)) == []
    assert mill(mill.store.list_deleted_jobs([])) == []


def test_only_exports_of_deleted_jobs_are_dropped_and_once(mill: Mill) -> None:
    mill.create()
    mill(mill.store.add_export(EXPORT))
    assert mill(mill.store.drop_exports()) == 0
    assert mill(mill.store.list_exports(JOB)) == [EXPORT]
    delete(mill)
    assert [mill(mill.store.drop_exports()) for _ in range(2)] == [1, 0]


def test_files_that_a_deletion_left_go_and_those_of_other_jobs_stay(mill: Mill, tmp_path: Path) -> None:
    mill.create()
    blobs = LocalBlobs(tmp_path / "blobs")
    for name in (f"jobs/{JOB}/segments/a", f"jobs/{JOB}/exports/e1/b", "jobs/job-10/segments/a", "seeds/a"):
        mill(blobs.put_new(name, b"a"))
    assert mill(tidy_deleted(mill.store, blobs)) == 0
    delete(mill)
    assert [mill(tidy_deleted(mill.store, blobs)) for _ in range(2)] == [2, 0]
    assert mill(blobs.exists("jobs/job-10/segments/a"))
    assert mill(blobs.exists("seeds/a"))
