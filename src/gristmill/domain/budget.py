"""The cap of a job and how blocks are cut from it."""

from dataclasses import dataclass, replace

from gristmill.domain.money import ZERO, NanoUsd


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a job may cost and what of it is granted: live blocks, spent and lost together. granted <= cap, always."""

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
        if not 0 <= granted <= self.cap:
            raise ValueError(f"granted {granted} would leave 0..{self.cap}")
        return replace(self, granted=granted)
