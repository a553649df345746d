"""What every verb gets: an open transaction, and the time and chance it may use."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transaction: its time stands still, from when the store let it in."""

    connection: Connection
    now: datetime
    ttl: timedelta
    chance: random.Random
