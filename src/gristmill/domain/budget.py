"""The cap of a job and how blocks are cut from it."""

from dataclasses import dataclass, replace

from gristmill.domain.money import ZERO, NanoUsd
from gristmill.domain.shard import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a job may cost and what of it is granted: live blocks, spent and lost together.

    granted <= cap, but for what a provider billed beyond the worst case of its calls.
    """

    cap: NanoUsd
    granted: NanoUsd = ZERO

    @property
    def free(self) -> NanoUsd:
        """What no block holds yet."""
        return NanoUsd(self.cap - self.granted)

    def grant(self, *, wanted: NanoUsd, least: NanoUsd, live_leases: int) -> NanoUsd:
        """How much a block may grow now: `wanted`, or a fair part of what is free but at least `least`, or nothing.

        A fair part is free / (2 x live leases): no lease can starve the others, and the last dollars go round.
        """
        if wanted <= 0 or max(least, 1) > self.free:
            return ZERO
        fair = self.free // (2 * max(live_leases, 1))
        return NanoUsd(min(wanted, max(fair, least)))

    def moved(self, amount: NanoUsd) -> "Budget":
        """The budget after granting `amount`, or taking it back when negative."""
        granted = NanoUsd(self.granted + amount)
        if granted < 0 or (amount > 0 and granted > self.cap):
            raise ValueError(f"granted {granted} would leave 0..{self.cap}")
        return replace(self, granted=granted)

    def overdrawn(self, amount: NanoUsd) -> "Budget":
        """The budget after a provider billed `amount` more than a call could cost: the truth, even above the cap."""
        return replace(self, granted=NanoUsd(self.granted + amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """By how much a block moves with a report, and the budget after it."""

    amount: NanoUsd
    budget: Budget


def change_block(budget: Budget, report: Report, *, block: NanoUsd, live_leases: int, is_stopping: bool) -> Change:
    """Move a lease's block towards what its report wants: down at once, up as far as the budget grants.

    A stopping job grants nothing. A block never falls below what is spent of it.
    """
    overdraft = NanoUsd(report.spent.total - block)
    if overdraft > 0:
        return Change(amount=overdraft, budget=budget.overdrawn(overdraft))
    wanted = NanoUsd(max(report.block, report.spent.total) - block)
    if wanted > 0:
        least = NanoUsd(max(report.least - block, 0))
        fair = budget.grant(wanted=wanted, least=least, live_leases=live_leases)
        wanted = ZERO if is_stopping else fair
    return Change(amount=wanted, budget=budget.moved(wanted))
