"""Where the lines of users' seed sets are kept; the rows themselves lie in the blobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gristmill.domain.ids import Digest, UploadId, UserId
from gristmill.domain.paging import Page, Place
from gristmill.domain.seeds import SeedSet, SeedUpload


class SeedsStore(Protocol):
    """Seed sets by owner and digest, and uploads on their way. Any verb may raise StoreBusyError and StorageFullError.

    Rows that two owners bring are stored once, and each owner has a line for them.
    """

    async def add_seeds(self, seeds: SeedSet) -> SeedSet:
        """Keep the line, or return the one that the owner has for this digest already.

        While a line stands nobody can condemn its digest. Raises StoreBusyError while the digest is condemned.
        """
        ...

    async def read_seeds(self, owner: UserId, digest: Digest) -> SeedSet:
        """The owner's line. Raises NotFoundError."""
        ...

    async def list_seeds(self, owner: UserId, *, limit: int = 50, after: Place | None = None) -> Page[SeedSet]:
        """The owner's lines, newest first. Raises BadInputError for a place that is none of this list."""
        ...

    async def delete_seeds(self, owner: UserId, digest: Digest) -> None:
        """Remove the owner's line. Raises NotFoundError, and InUseError when jobs of the owner draw from it."""
        ...

    async def condemn_seeds(self, digest: Digest) -> bool:
        """Whether the rows may be deleted: no owner has a line and no job draws from them.

        From then on no line can be added, until `forget_seeds`; condemned again, they still are.
        """
        ...

    async def list_condemned_seeds(self) -> Sequence[Digest]:
        """What was condemned and not forgotten yet: whoever condemned it may have died."""
        ...

    async def forget_seeds(self, digest: Digest) -> None:
        """Say that condemned rows are gone, so that the same may be brought again."""
        ...

    async def add_upload(self, upload: SeedUpload) -> None:
        """Note an upload that begins."""
        ...

    async def read_upload(self, owner: UserId, upload: UploadId) -> SeedUpload:
        """An upload of the owner that has not expired. Raises NotFoundError."""
        ...

    async def end_upload(self, upload: UploadId) -> None:
        """Forget an upload, whether it was completed or not."""
        ...

    async def list_expired_uploads(self, before: datetime, *, limit: int = 50) -> Sequence[SeedUpload]:
        """Uploads of anybody that expired before then, the oldest first."""
        ...
