"""The lines of jobs, records, exports, dashboard and operations."""

from collections.abc import Mapping
from typing import Final

ROWS: Final[Mapping[str, Mapping[int, str]]] = {}
