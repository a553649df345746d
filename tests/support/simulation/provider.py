"""The provider of the simulation: a call waits until it is answered, and is billed whether or not anybody listens."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from gristmill.domain.call import JUDGE_PREFIX, Place
from gristmill.domain.completion import Completion, FinishReason, Reply
from gristmill.domain.ids import Epoch, ShardNumber
from gristmill.domain.money import NanoUsd
from gristmill.domain.pricing import cost_of
from gristmill.errors import CallRefusedError, ModelError, ProviderFaultError, RateLimitedError
from support.simulation.order import PRICE, judgement, usage_within

EpochKey: TypeAlias = tuple[ShardNumber, Epoch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ends: a reply (with usage or without), or an error; `share` is the part of the worst case billed."""

    text: str | None = None
    finish_reason: FinishReason = "stop"
    reports_usage: bool = True
    error: ModelError | None = None
    share: float = 0.0


def good(text: str, share: float = 0.5) -> Outcome:
    """A plain answer."""
    return Outcome(text=text, share=share)


def truncated(share: float) -> Outcome:
    """An answer cut off at `max_tokens`: it is repaired, and then rejected."""
    return Outcome(text="cut", finish_reason="length", share=share)


def silent(text: str, share: float) -> Outcome:
    """An answer without usage: it is billed all the same."""
    return Outcome(text=text, reports_usage=False, share=share)


def fault(share: float) -> Outcome:
    """A failure that is billed, as far as anybody can tell."""
    return Outcome(error=ProviderFaultError("the provider fell over", status=500), share=share)


def throttled() -> Outcome:
    """A 429."""
    return Outcome(error=RateLimitedError("slow down", retry_after=0.5))


def refused(*, hopeless: bool) -> Outcome:
    """A call the provider will never answer."""
    return Outcome(error=CallRefusedError("not like this", hopeless=hopeless))


@dataclass(slots=True, kw_only=True, eq=False)
class InFlight:
    """A call at the provider: who sent it in which epoch, and where its answer goes."""

    worker: str
    epoch: EpochKey
    place: Place
    prompt: str
    request: Completion
    worst: NanoUsd
    answer: asyncio.Future[Reply]
    is_heard: Callable[[], bool]


@dataclass(slots=True)
class Provider:
    """Keeps its own books: what it billed, for which epoch, and what it was asked."""

    in_flight: list[InFlight] = field(default_factory=list)
    billed: int = 0
    billed_by_epoch: dict[EpochKey, int] = field(default_factory=lambda: defaultdict(int))
    replies: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    prompts: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    calls: int = 0

    def take(self, call: InFlight) -> None:
        """Accept a call."""
        self.in_flight.append(call)
        self.prompts[call.place].add(call.prompt)
        self.calls += 1

    def end(self, call: InFlight, outcome: Outcome) -> None:
        """End a call, and bill it. A sender that has died or hung up hears nothing."""
        self.in_flight.remove(call)
        usage = usage_within(call.request, outcome.share)
        may_bill = outcome.error is None or isinstance(outcome.error, ProviderFaultError)
        cost = cost_of(PRICE, usage) if may_bill else 0
        self.billed += cost
        self.billed_by_epoch[call.epoch] += cost
        if outcome.text is not None:
            self.replies[call.place].append(outcome.text)
        if not call.is_heard() or call.answer.done():
            return
        if outcome.error is not None:
            call.answer.set_exception(outcome.error)
        else:
            told = usage if outcome.reports_usage else None
            text = outcome.text or ""
            said = judgement(text) if call.place.step.startswith(JUDGE_PREFIX) else text
            call.answer.set_result(Reply(text=said, finish_reason=outcome.finish_reason, usage=told))

    def exposure(self, epoch: EpochKey) -> int:
        """What an epoch's calls were billed and may still be."""
        return self.billed_by_epoch[epoch] + sum(call.worst for call in self.in_flight if call.epoch == epoch)

    @property
    def total_exposure(self) -> int:
        """What all calls were billed and may still be."""
        return self.billed + sum(call.worst for call in self.in_flight)
