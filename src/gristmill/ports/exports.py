"""Exports asked for, and who makes them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from gristmill.domain.export import Export, ExportFile
from gristmill.domain.ids import ExportId, JobId


class ExportStore(Protocol):
    """Exports of jobs. Each is made by one maker at a time."""

    async def add_export(self, export: Export) -> None:
        """Note an export that is to be made, or was made already. Again with the same id: nothing."""
        ...

    async def read_export(self, export: ExportId) -> Export:
        """The export. Raises NotFoundError, also when its job was deleted."""
        ...

    async def list_exports(self, job: JobId) -> Sequence[Export]:
        """The exports of a job, newest first, at most 200."""
        ...

    async def take_export(self, maker: str, ttl: timedelta) -> Export | None:
        """The oldest export that nobody makes, for `maker` alone until `ttl` has passed; None when there is none.

        One whose maker's time is over is nobody's again.
        """
        ...

    async def keep_export(self, export: ExportId, maker: str, ttl: timedelta) -> bool:
        """Give the maker more time from now on. False when the export is not the maker's any more."""
        ...

    async def end_export(self, export: ExportId, maker: str, made: ExportFile | str) -> bool:
        """Note the file, or why there is none. False, and nothing is changed, when it is not the maker's any more."""
        ...
