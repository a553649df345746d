"""How often something may be tried: some tries are free, each further one waits twice as long as the one before."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

# 2 ** 30 seconds are 34 years: beyond that a longer wait means nothing.
MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """`free` tries at once, then a wait of `first` seconds that doubles up to `most`; forgotten after `forget` idle.

    A try that is refused counts for nothing, so that nobody is locked out longer by knocking.
    """

    free: int
    first: float
    most: float
    forget: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often something was tried, and when last."""

    count: int
    last_at: datetime


LOGIN_BY_EMAIL = Throttle(free=5, first=30, most=900, forget=3_600)
LOGIN_BY_ADDRESS = Throttle(free=30, first=30, most=900, forget=3_600)
SIGNUP_BY_ADDRESS = Throttle(free=20, first=30, most=3_600, forget=21_600)
MAIL_BY_EMAIL = Throttle(free=3, first=60, most=3_600, forget=21_600)
MAIL_BY_ADDRESS = Throttle(free=20, first=30, most=3_600, forget=21_600)
# What no throttle above looks at any more.
FORGOTTEN_SECONDS = 86_400


def wait_seconds(rule: Throttle, tries: Tries | None, now: datetime) -> float:
    """How long the next try has to wait at `now`; 0 when it may come."""
    if tries is None or tries.count < rule.free:
        return 0.0
    idle = (now - tries.last_at).total_seconds()
    if idle >= rule.forget:
        return 0.0
    penalty = min(rule.first * 2.0 ** min(tries.count - rule.free, MOST_DOUBLINGS), rule.most)
    return float(max(penalty - idle, 0.0))


def count_try(rule: Throttle, tries: Tries | None, now: datetime) -> Tries:
    """The count after one more try."""
    if tries is None or (now - tries.last_at).total_seconds() >= rule.forget:
        return Tries(count=1, last_at=now)
    return Tries(count=tries.count + 1, last_at=now)


def network_of(address: str) -> str:
    """Who is counted as one: an IPv4 address, or the /64 of an IPv6 one, of which anybody has 2**64 to choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
