"""Where disks are only memory, a sync costs nothing: hundreds of deaths fit into a minute."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.offspring import leave_others

MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder in memory, or on the disk where there is none."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="gristmill-", dir=parent) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def own_children() -> None:
    """Of processes only those count that a test started itself."""
    leave_others()
