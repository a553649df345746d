"""A dataset in a format, as it was asked for and as it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from gristmill.domain.ids import ExportId, JobId, UserId

# What becomes of people's marks: nothing; a column `_mark`; only records marked good; all but those marked bad.
MarksWish: TypeAlias = Literal["none", "column", "good", "not_bad"]


class ExportStatus(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """What was asked for: a format, shares of splits by name, a field to part the records by, lineage and marks."""

    format: str
    split: Mapping[str, float] | None = None
    partition_by: str | None = None
    lineage: bool = False
    marks: MarksWish = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """What was made: a file, or several in a ZIP archive. `sha256` is of its bytes."""

    name: str
    blob: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export of a job. `file` is there once it is done; `detail` says why it failed."""

    id: ExportId
    job: JobId
    owner: UserId
    wish: ExportWish
    status: ExportStatus = ExportStatus.QUEUED
    detail: str = ""
    file: ExportFile | None = None
    created_at: datetime
    finished_at: datetime | None = None
