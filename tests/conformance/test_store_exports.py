"""Every store keeps exports the same way: each is made by one maker at a time, and by another when that one died."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gristmill.domain.export import Export, ExportFile, ExportStatus, ExportWish
from gristmill.domain.ids import ExportId, UserId
from gristmill.domain.job import StopReason
from gristmill.errors import NotFoundError
from support.stores import INSTANT, JOB, NOON, Mill

TTL = timedelta(minutes=1)
WISH = ExportWish(format="csv", split={"train": 0.9, "test": 0.1}, partition_by="topic", lineage=True)
EXPORT = Export(id=ExportId("e1"), job=JOB, owner=UserId("ann"), wish=WISH, created_at=NOON)
FILE = ExportFile(name="dataset.csv", blob="jobs/job-1/exports/e1", bytes=10, records=2, sha256="ab")


def test_an_export_is_given_back_as_it_was_asked_for(mill: Mill) -> None:
    mill.create()
    mill(mill.store.add_export(EXPORT))
    mill(mill.store.add_export(EXPORT))
    assert mill(mill.store.read_export(EXPORT.id)) == EXPORT
    assert mill(mill.store.list_exports(JOB)) == [EXPORT]


def test_an_export_that_was_made_at_once_is_never_taken(mill: Mill) -> None:
    mill.create()
    made = replace(EXPORT, status=ExportStatus.DONE, file=FILE, finished_at=NOON)
    mill(mill.store.add_export(made))
    assert mill(mill.store.read_export(EXPORT.id)) == made
    assert mill(mill.store.take_export("m1", TTL)) is None


def test_the_oldest_is_taken_first_and_once(mill: Mill) -> None:
    mill.create()
    later = replace(EXPORT, id=ExportId("e0"), created_at=NOON + INSTANT)
    for export in (later, EXPORT):
        mill(mill.store.add_export(export))

    async def take_all() -> list[Export | None]:
        return list(await asyncio.gather(*(mill.store.take_export(f"m{n}", TTL) for n in range(3))))

    taken = mill(take_all())
    assert sorted(one.id for one in taken if one) == ["e0", "e1"]
    assert taken[0] == replace(EXPORT, status=ExportStatus.RUNNING)


def test_a_maker_that_died_is_followed_by_another_and_its_ghost_changes_nothing(mill: Mill) -> None:
    mill.create()
    mill(mill.store.add_export(EXPORT))
    mill(mill.store.take_export("m1", TTL))
    mill.clock.pass_by(TTL)
    assert mill(mill.store.take_export("m2", TTL)) is None
    mill.clock.pass_by(INSTANT)
    assert mill(mill.store.take_export("m2", TTL)) is not None
    assert not mill(mill.store.end_export(EXPORT.id, "m1", "it broke"))
    assert mill(mill.store.end_export(EXPORT.id, "m2", FILE))
    assert not mill(mill.store.end_export(EXPORT.id, "m2", "again"))
    ended = mill(mill.store.read_export(EXPORT.id))
    assert (ended.status, ended.file, ended.finished_at) == (ExportStatus.DONE, FILE, mill.clock.at)


def test_a_failed_export_says_why(mill: Mill) -> None:
    mill.create()
    mill(mill.store.add_export(EXPORT))
    mill(mill.store.take_export("m1", TTL))
    mill(mill.store.end_export(EXPORT.id, "m1", "no room"))
    ended = mill(mill.store.read_export(EXPORT.id))
    assert (ended.status, ended.detail, ended.file) == (ExportStatus.FAILED, "no room", None)
    assert mill(mill.store.take_export("m2", TTL)) is None


def test_exports_go_with_their_job(mill: Mill) -> None:
    mill.create()
    mill(mill.store.add_export(EXPORT))
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    mill(mill.store.finish_job(JOB))
    mill(mill.store.delete_job(JOB))
    assert mill(mill.store.list_exports(JOB)) == []
    assert mill(mill.store.take_export("m1", TTL)) is None
    with pytest.raises(NotFoundError, match="There is no export e1"):
        mill(mill.store.read_export(EXPORT.id))
