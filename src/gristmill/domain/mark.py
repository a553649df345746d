"""What a person thinks of a record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gristmill.domain.ids import Slot

Opinion = Literal["good", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A slot's mark, whichever of its attempts stands."""

    slot: Slot
    mark: Opinion
    note: str
    at: datetime
