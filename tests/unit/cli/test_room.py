"""A full disk is spoken of once, and so is its end."""

from pathlib import Path

import pytest

from gristmill.cli.room import LEAST_ROOM, watching_room
from gristmill.domain.event import Event
from gristmill.domain.report import JobTotals
from gristmill.jobs.report import JobReport
from support.stores import NOON, a_job


def test_a_full_disk_is_told_once_and_so_is_room(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rooms = iter([LEAST_ROOM, 0, 0, LEAST_ROOM, LEAST_ROOM])
    looks: list[JobReport] = []

    def watch(report: JobReport, _: list[Event]) -> None:
        looks.append(report)

    look = watching_room(watch, tmp_path, free=lambda _: next(rooms))
    report = JobReport(job=a_job(), totals=JobTotals(), at=NOON)
    told = []
    for _ in range(5):
        look(report, [])
        told.append(capsys.readouterr().err)
    assert [bool(words) for words in told] == [False, True, False, True, False]
    assert "Free some space" in told[1]
    assert len(looks) == 5
