"""The model that runs on this machine: where its file is, and how to fetch it."""

from collections.abc import Callable
from pathlib import Path

from gristmill.adapters import embedded


def pull_local_model(home: Path, report: Callable[[str], None]) -> Path:
    """Fetch the file below `home`, unless it is there. Raises BadInputError and StorageFullError with what to do."""
    return embedded.pull_model(home, report=report)
