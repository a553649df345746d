"""One line of a job's history."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gristmill.domain.ids import JobId
from gristmill.domain.json import JsonObject

EventType = Literal["state", "progress", "segment", "reject", "money", "pace", "worker", "warning", "export", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a job, numbered in the order it was written."""

    sequence: int
    at: datetime
    job: JobId
    type: EventType
    fields: JsonObject = field(default_factory=dict)
