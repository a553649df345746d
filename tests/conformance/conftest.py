"""One fixture for each port, over every adapter that satisfies it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stores import KINDS, Mill, open_mill


@pytest.fixture(params=KINDS)
def mill(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mill]:
    with open_mill(request.param, tmp_path) as opened:
        yield opened
