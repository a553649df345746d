"""Money: blocks cut from a budget, and calls held from a block, in any order."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gristmill.domain.budget import Budget, change_block
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.shard import Report
from gristmill.generation.purse import Cover, Purse
from gristmill.generation.stop import StoppedError
from support.simulation.loop import SimulatedClock, SimulatedLoop

amounts = st.integers(0, 30)
indices = st.integers(0, 20)


@dataclass(slots=True)
class Holder:
    """A lease as the budget knows it: its block, and what it told of it."""

    block: NanoUsd = ZERO
    spent: NanoUsd = ZERO


class BudgetMachine(RuleBasedStateMachine):
    """Leases that ask, spend and give back at the cap, while it is moved."""

    @initialize(cap=st.integers(0, 100), holders=st.integers(1, 4))
    def begin(self, cap: int, holders: int) -> None:
        self.budget = Budget(cap=NanoUsd(cap))
        self.holders = [Holder() for _ in range(holders)]
        self.gone = 0
        self.is_stopping = False

    def _report(self, holder: Holder, spent: int, block: int, least: int) -> None:
        report = Report(spent=Spent(billed=NanoUsd(spent)), block=NanoUsd(block), least=NanoUsd(least))
        live = len(self.holders)
        free = self.budget.free
        change = change_block(self.budget, report, block=holder.block, live_leases=live, is_stopping=self.is_stopping)
        if change.amount > 0:
            assert not self.is_stopping
            assert change.amount <= max(free // (2 * live), least - holder.block)
            assert holder.block + change.amount <= block
        self.budget = change.budget
        holder.block = NanoUsd(holder.block + change.amount)
        holder.spent = NanoUsd(spent)

    @rule(index=indices, more=amounts, wanted=amounts, least=amounts)
    def ask(self, index: int, more: int, wanted: int, least: int) -> None:
        holder = self.holders[index % len(self.holders)]
        spent = min(holder.spent + more, holder.block)
        self._report(holder, spent, holder.block + wanted, holder.block + min(least, wanted))

    @rule(index=indices, share=st.floats(0, 1))
    def give_back(self, index: int, share: float) -> None:
        holder = self.holders[index % len(self.holders)]
        kept = holder.spent + int((holder.block - holder.spent) * share)
        before = self.budget.free + holder.block
        self._report(holder, holder.spent, kept, 0)
        assert holder.block == kept
        assert self.budget.free + holder.block == before

    @precondition(lambda self: len(self.holders) > 1)
    @rule(index=indices)
    def die(self, index: int) -> None:
        self.gone += self.holders.pop(index % len(self.holders)).block

    @rule(more=amounts)
    def top_up(self, more: int) -> None:
        self.budget = Budget(cap=NanoUsd(self.budget.granted + more), granted=self.budget.granted)

    @rule(is_stopping=st.booleans())
    def stop(self, is_stopping: bool) -> None:
        self.is_stopping = is_stopping

    @invariant()
    def granted_is_live_blocks_and_what_is_gone(self) -> None:
        if hasattr(self, "budget"):
            assert self.budget.granted == sum(holder.block for holder in self.holders) + self.gone
            assert self.budget.granted <= self.budget.cap
            assert all(holder.spent <= holder.block for holder in self.holders)


@dataclass(slots=True, eq=False)
class Caller:
    """A call of a record, on its way to its money or past it."""

    worst: NanoUsd
    cover: Cover
    task: "asyncio.Task[None]"
    is_settled: bool = False

    @property
    def has_money(self) -> bool:
        done = self.task.done() and not self.task.cancelled() and self.task.exception() is None
        return done and not self.is_settled


@dataclass(slots=True)
class PurseModel:
    """What the store acknowledged, less what was offered back."""

    allowed: int = 0
    calls: list[Caller] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)


class PurseMachine(RuleBasedStateMachine):
    """Records that hold, settle and end while a keeper asks for money, offers it back and runs out of time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SimulatedClock()
        self.loop = SimulatedLoop(self.clock)
        self.purse = Purse(wake=asyncio.Event(), monotonic=self.clock.monotonic)
        self.model = PurseModel()
        self.until = 0.0
        self.is_stopped = False

    @property
    def may_start(self) -> bool:
        return not self.is_stopped and self.clock.seconds < self.until

    def _hold(self, worst: int, cover: Cover) -> None:
        task = self.loop.create_task(self.purse.hold(NanoUsd(worst), cover))
        self.model.calls.append(Caller(NanoUsd(worst), cover, task))
        self.loop.settle()

    @rule(worst=amounts, cover=amounts)
    def begin_record(self, worst: int, cover: int) -> None:
        begun = Cover(NanoUsd(cover))
        self.model.covers.append(begun)
        self._hold(worst, begun)
        if begun.is_begun:
            promised = sum(other.amount for other in self.model.covers if other.is_begun)
            assert self.purse.free >= promised
            assert self.may_start

    @precondition(lambda self: bool(self.model.covers))
    @rule(index=indices, worst=amounts)
    def go_on_with_record(self, index: int, worst: int) -> None:
        self._hold(worst, self.model.covers[index % len(self.model.covers)])

    @precondition(lambda self: any(call.has_money for call in self.model.calls))
    @rule(index=indices, share=st.floats(0, 1))
    def settle(self, index: int, share: float) -> None:
        held = [call for call in self.model.calls if call.has_money]
        call = held[index % len(held)]
        call.is_settled = True
        self.purse.settle(call.worst, Spent(billed=NanoUsd(int(call.worst * share))))
        self.loop.settle()

    @precondition(lambda self: bool(self.model.covers))
    @rule(index=indices)
    def end_record(self, index: int) -> None:
        cover = self.model.covers.pop(index % len(self.model.covers))
        for call in self.model.calls:
            if call.cover is cover and not call.task.done():
                call.task.cancel()
        self.loop.settle()
        self.purse.end_record(cover)
        self.loop.settle()

    @rule(keep=amounts)
    def offer(self, keep: int) -> None:
        block = self.purse.spent.total + self.purse.held + keep
        self.purse.offer(NanoUsd(block))
        self.model.allowed = min(self.model.allowed, block)

    @rule(more=amounts, seconds=st.integers(0, 3))
    def accept(self, more: int, seconds: int) -> None:
        self.model.allowed += more
        self.until = self.clock.seconds + seconds
        self.purse.accept(NanoUsd(self.model.allowed), until=self.until)
        self.loop.settle()

    @rule()
    def wait(self) -> None:
        self.clock.seconds += 1

    @rule()
    def stop(self) -> None:
        self.purse.stop()
        self.is_stopped = True
        self.loop.settle()
        ended = [call.task for call in self.model.calls]
        assert all(task.done() for task in ended)
        assert all(task.cancelled() or isinstance(task.exception(), StoppedError | None) for task in ended)

    @invariant()
    def no_call_is_beyond_the_block_as_acknowledged(self) -> None:
        held = sum(call.worst for call in self.model.calls if call.has_money)
        assert self.purse.held == held
        assert self.purse.spent.total + held <= self.model.allowed

    @invariant()
    def nobody_waits_for_what_is_there(self) -> None:
        waiting = [call for call in self.model.calls if not call.task.done()]
        assert self.purse.least is None or self.purse.least >= 0
        if self.may_start:
            assert not [call for call in waiting if call.cover.is_begun and call.worst <= self.purse.free]

    def teardown(self) -> None:
        self.purse.stop()
        self.loop.settle()
        self.loop.close()


TestBudget = BudgetMachine.TestCase
TestPurse = PurseMachine.TestCase
