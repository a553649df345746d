"""The lines of templates and seeds."""

from collections.abc import Mapping
from typing import Final

ROWS: Final[Mapping[str, Mapping[int, str]]] = {}
