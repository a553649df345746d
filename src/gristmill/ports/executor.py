"""What starts workers."""

from collections.abc import Sequence
from typing import Protocol

from gristmill.domain.ids import JobId


class Executor(Protocol):
    """Starts workers for a job, and ends them; each runs `gristmill worker --job JOB`."""

    async def launch(self, job: JobId, workers: int) -> None:
        """Start so many workers."""
        ...

    async def wait(self) -> Sequence[str]:
        """Return when every worker this executor started has gone, with the last words of those that failed."""
        ...

    def drain(self) -> None:
        """Ask the workers to finish what is in flight, commit and go (SIGTERM)."""
        ...

    def kill(self) -> None:
        """End the workers at once (SIGKILL)."""
        ...
