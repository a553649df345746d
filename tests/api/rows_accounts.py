"""The lines of auth, settings and admin."""

from collections.abc import Mapping
from typing import Final

ROWS: Final[Mapping[str, Mapping[int, str]]] = {}
