"""The audit log: who did what to whom, from where. Never a secret, and never an e-mail address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.domain.ids import UserId
from gristmill.domain.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from: the address of its sender, and its id in the logs."""

    address: str = ""
    request: str = ""


NOWHERE = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that was done. `user` did it, if known; `subject` is the id of what it was done to."""

    action: str
    user: UserId | None = None
    subject: str = ""
    origin: Origin = NOWHERE
    fields: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """An entry as it stands in the log."""

    sequence: int
    at: datetime
    entry: AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines are wanted: of one user, one action or one subject, older than a line; None is any."""

    user: UserId | None = None
    action: str | None = None
    subject: str | None = None
    before: int | None = None
