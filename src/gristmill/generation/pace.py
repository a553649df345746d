"""How many calls to a model may be in flight: as many as its provider takes, found out by asking.

The policy (`Window`) is told what happened and when; the gate (`Pace`) lets calls through in the order they came.
"""

import asyncio
import math
from collections import deque
from itertools import islice
from typing import Literal

from gristmill.domain.completion import Completion
from gristmill.domain.model import Limits
from gristmill.domain.pricing import worst_input_tokens
from gristmill.domain.value import value
from gristmill.ports.clock import Clock

# `refused` is a 429 or an overload, `failed` any other end without an answer; `unsent` never left.
Outcome = Literal["answered", "refused", "failed", "unsent"]

START = 4
INTERVAL_SECONDS = 1.0
LONGEST_INTERVAL_SECONDS = 4.0
# Steps of a probe up to this one tell little; past them the way up is open.
FIRST_STEPS = 2
# How long a refused call keeps its turn until the first answer has told how long one takes.
FIRST_LATENCY_SECONDS = 0.1
LATENCY_WEIGHT = 0.1
RATE_SECONDS = 0.5

# A limit on calls in flight refuses calls above it and none just below; chance refuses at every level alike.
# Outcomes are judged by the newest JUDGED at and above a level, and as many in the band below it.
RECENT = 256
JUDGED = 40
FEWEST = 8
PLAIN_ABOVE, PLAIN_BELOW = 0.7, 0.1
FAINT_ABOVE, FAINT_BELOW = 0.25, 0.025

# Shares of refused calls: up to CALM the window grows; from CROWDED it falls to what the provider carries; from CUT,
# where that tells nothing, it is cut. One refusal weighs WEIGHT, so 5 % by chance stay far from all of them.
CALM_SHARE = 0.1
CROWDED_SHARE = 0.25
CUT_SHARE = 0.35
WEIGHT = 0.02
CUT = 0.7


@value(frozen=True, slots=True)
class Ticket:
    """A call let through: how many were in flight with it, and when, in monotonic seconds."""

    level: int
    sent: float


class Window:
    """The most calls that may be in flight now: `size`. All times are monotonic seconds."""

    def __init__(self, ceiling: int, now: float) -> None:
        self.size = min(START, ceiling)
        self._ceiling = ceiling
        self._is_starting = True
        self._step = 1
        self._interval = INTERVAL_SECONDS
        self._cut_at = now
        self._latency: float | None = None
        self._refused_share = 0.0
        # Answers a second, over the last span or so.
        self._rate = 0.0
        self._answered_at = now
        # (level, whether it was refused), newest first.
        self._recent: deque[tuple[int, bool]] = deque(maxlen=RECENT)
        self._begin_interval(now)

    @property
    def latency(self) -> float:
        """How many seconds an answer takes, about."""
        return FIRST_LATENCY_SECONDS if self._latency is None else self._latency

    def answer(self, ticket: Ticket, *, is_full: bool, now: float) -> None:
        """Learn from a call that was answered, at a time when the window was full or not."""
        took = now - ticket.sent
        self._latency = took if self._latency is None else self._latency + (took - self._latency) * LATENCY_WEIGHT
        self._refused_share -= self._refused_share * WEIGHT
        span = max(RATE_SECONDS, 4 * self.latency)
        self._rate = self._rate * math.exp((self._answered_at - now) / span) + 1 / span
        self._answered_at = now
        if self._is_starting and is_full:
            self._resize(self.size + 1)
        self._note(ticket, refused=False, is_full=is_full, now=now)

    def refuse(self, ticket: Ticket, *, in_flight: int, is_full: bool, now: float) -> None:
        """Learn from a call that was refused while `in_flight` others were not: one alone changes nothing."""
        # Calls sent before the last cut belong to the burst that it answered.
        if ticket.sent >= self._cut_at:
            self._refused_share += (1 - self._refused_share) * WEIGHT
            self._recent.appendleft((ticket.level, True))
            self._shrink(in_flight, now)
        self._note(ticket, refused=True, is_full=is_full, now=now)

    def _note(self, ticket: Ticket, *, refused: bool, is_full: bool, now: float) -> None:
        if not refused:
            self._recent.appendleft((ticket.level, False))
        self._ended += 1
        self._refused += refused
        self._was_full |= is_full
        if now - self._since >= self._interval:
            self._review(now)

    def _shrink(self, in_flight: int, now: float) -> None:
        # Little's law: so many the provider carries beyond doubt.
        carried = round(self._rate * self.latency)
        limit = max(self._limit_seen() or self.size, carried)
        if limit < self.size:
            # A probe that failed at its first steps is not soon repeated.
            failed_first = not self._is_starting and self._step <= FIRST_STEPS
            interval = min(self._interval * 2, LONGEST_INTERVAL_SECONDS) if failed_first else INTERVAL_SECONDS
            self._settle(limit, now)
            self._interval = interval
        elif self._refused_share >= CROWDED_SHARE and max(in_flight, carried) < self.size * (1 - CALM_SHARE):
            self._settle(max(in_flight, carried), now)
        elif self._refused_share >= CUT_SHARE:
            self._settle(math.ceil(self.size * CUT), now)

    def _limit_seen(self) -> int | None:
        """The level above which recent calls were refused and up to which they were answered, if there is one."""
        for level in sorted({level for level, refused in self._recent if refused}, reverse=True):
            band = range(level - max(3, level // 3), level)
            above = list(islice((refused for at, refused in self._recent if at >= level), JUDGED))
            below = list(islice((refused for at, refused in self._recent if at in band), JUDGED))
            if self._is_plain(above, below) or self._is_faint(above, below):
                return level - 1
        return None

    def _is_plain(self, above: list[bool], below: list[bool]) -> bool:
        is_open_below = len(below) >= FEWEST and sum(below) <= PLAIN_BELOW * len(below)
        return is_open_below and len(above) >= FEWEST and sum(above) >= PLAIN_ABOVE * len(above)

    def _is_faint(self, above: list[bool], below: list[bool]) -> bool:
        # While the window opens fast each level has few calls, and chance looks like this too.
        is_open_below = len(below) == JUDGED and sum(below) <= FAINT_BELOW * len(below)
        is_often = len(above) == JUDGED and sum(above) >= FAINT_ABOVE * JUDGED
        return not self._is_starting and is_open_below and is_often

    def _settle(self, size: int, now: float) -> None:
        self._interval = INTERVAL_SECONDS
        self._is_starting = False
        self._step = 1
        self._cut_at = now
        self._refused_share = 0.0
        self._resize(size)
        self._begin_interval(now)

    def _review(self, now: float) -> None:
        """Once an interval: grow by a probe when the window was used, in calm."""
        if self._was_full and self._refused <= CALM_SHARE * self._ended:
            self._probe()
        self._begin_interval(now)

    def _probe(self) -> None:
        self._resize(self.size * 2 if self._is_starting else self.size + self._step)
        if self._step >= FIRST_STEPS:
            self._interval = INTERVAL_SECONDS
        self._step *= 2

    def _begin_interval(self, now: float) -> None:
        self._since = now
        self._ended = self._refused = 0
        self._was_full = False

    def _resize(self, size: int) -> None:
        self.size = max(1, min(size, self._ceiling))


class Bucket:
    """A fixed limit of so many a minute, of which a second's worth may come at once."""

    def __init__(self, per_minute: int) -> None:
        self._seconds_each = 60.0 / per_minute
        self._next = 0.0

    def reserve(self, amount: int, now: float) -> float:
        """Take `amount` and answer after how many seconds it may be used."""
        start = max(self._next, now - 1.0)
        self._next = start + amount * self._seconds_each
        return max(start - now, 0.0)


class Pace:
    """The gate of one model. First come, first through; a cancelled wait leaves no trace."""

    def __init__(self, limits: Limits, clock: Clock, *, ceiling: int) -> None:
        self._clock = clock
        self._window = Window(min(ceiling, limits.max_in_flight or ceiling), clock.monotonic())
        self._requests = Bucket(limits.requests_per_minute) if limits.requests_per_minute else None
        self._tokens = Bucket(limits.tokens_per_minute) if limits.tokens_per_minute else None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = 0
        self._in_flight = 0

    @property
    def window(self) -> int:
        """The most calls that may be in flight now."""
        return self._window.size

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a turn or waits for one."""
        return not self._taken and not self._waiting

    async def enter(self, tokens: int = 0) -> Ticket:
        """Wait for a turn. `tokens` is what the call is likely to use, for models with a limit of tokens a minute."""
        if self._waiting or self._taken >= self._window.size:
            await self._wait()
        else:
            self._taken += 1
        now = self._clock.monotonic()
        if delay := self._delay(tokens, now):
            await self._sleep(delay)
            now = self._clock.monotonic()
        self._in_flight += 1
        return Ticket(self._in_flight, now)

    def leave(self, ticket: Ticket, outcome: Outcome) -> None:
        """End a call that was let through."""
        self._in_flight -= 1
        if outcome in ("unsent", "failed"):
            self._free()
            return
        now = self._clock.monotonic()
        is_full = self._taken >= self._window.size
        if outcome == "refused":
            self._window.refuse(ticket, in_flight=self._in_flight, is_full=is_full, now=now)
            # A refusal comes back at once: its turn lasts as long as an answer's, or the next call is refused as fast.
            rest = ticket.sent + self._window.latency - now
            asyncio.get_running_loop().call_later(max(rest, 0.0), self._free)
        else:
            self._window.answer(ticket, is_full=is_full, now=now)
            self._free()

    def _free(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._taken < self._window.size:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._taken += 1
                waiter.set_result(None)

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # Its turn had come already: the next one has it.
                self._free()
            raise

    def _delay(self, tokens: int, now: float) -> float:
        of_requests = self._requests.reserve(1, now) if self._requests else 0.0
        of_tokens = self._tokens.reserve(tokens, now) if self._tokens and tokens else 0.0
        return max(of_requests, of_tokens)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self._free()
            raise


def likely_tokens(request: Completion) -> int:
    """What a call is likely to count against tokens a minute: 4 bytes a token in, and its whole `max_tokens` out."""
    return worst_input_tokens(request) // 4 + request.max_tokens
