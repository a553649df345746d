"""Time, as an argument."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that tells the time, and one that only goes forward."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back, whatever happens to the time."""
        ...
