"""A user's seed sets, as they are listed."""

from dataclasses import dataclass
from datetime import datetime

from gristmill.domain.ids import Digest, JobId, UploadId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedColumn:
    """A column as it is shown: the JSON types seen in it, how many rows have it, and a value, as JSON cut short."""

    name: str
    types: tuple[str, ...]
    present: int
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSet:
    """A user's line for a stored set of rows. `name` is only a label; `bytes` is the size of the file that was brought.

    `job` generated the rows, if one did.
    """

    owner: UserId
    digest: Digest
    name: str
    rows: int
    bytes: int
    columns: tuple[SeedColumn, ...]
    job: JobId | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedUpload:
    """A file on its way into the blobs without passing through a server."""

    id: UploadId
    owner: UserId
    name: str
    blob: str
    expires_at: datetime
