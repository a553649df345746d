"""The rules of leases: how a shard's row answers each write. Every store runs these functions and no others.

A write is fenced by (epoch, position, write id): the epoch says whose turn it is, the position which write comes next,
and the id lets the same write ask again for its answer. Functions return the row after the write; a write that must
change nothing raises LeaseLostError.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gristmill.domain.ids import SIFTING, Epoch, JobId, ShardNumber, Slot, WorkerId, WriteId
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.segment import Origin, Withdrawal
from gristmill.domain.slots import SlotSet
from gristmill.errors import LeaseLostError, WrongStateError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A worker's right to a shard, as the store last acknowledged it.

    `block` and `spent` are totals of the epoch. `attempts` are the attempts used of open slots, where any were.
    `stopping` says that the job is stopping: no new call may start.
    """

    job: JobId
    shard: ShardNumber
    worker: WorkerId
    epoch: Epoch
    position: int
    ttl_seconds: float
    done: SlotSet
    attempts: Mapping[Slot, int] = field(default_factory=dict)
    block: NanoUsd = ZERO
    spent: Spent = Spent()
    passed: int = 0
    stopping: bool = False

    @property
    def origin(self) -> Origin:
        """Where segments written under this lease come from."""
        return Origin(job=self.job, shard=self.shard, epoch=self.epoch, passed=self.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a holder tells with each write: totals of its epoch, never differences.

    `block` is the total it wants to hold for the epoch (more than the lease's asks, less gives back) and `least` the
    total below which an increase is of no use. `settled` counts the answers of the epoch that commits have shown.
    """

    spent: Spent
    block: NanoUsd
    least: NanoUsd = ZERO
    settled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a commit finishes: slots accepted, slots given up, and attempts used so far of slots that stay open."""

    accepted: frozenset[Slot] = frozenset()
    given_up: frozenset[Slot] = frozenset()
    attempts: Mapping[Slot, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The unreported rest of a dead epoch's block, charged whole until its journal proves what it really spent.

    `is_final` says that its journal was read and is no proof: the amount stays lost.
    """

    epoch: Epoch
    worker: WorkerId
    amount: NanoUsd
    spent: Spent
    settled: int
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard's row. Free when `worker` is None. `past` is what ended epochs spent, beyond it `losses` are lost."""

    job: JobId
    number: ShardNumber
    done: SlotSet
    accepted: int = 0
    attempts: Mapping[Slot, int] = field(default_factory=dict)
    epoch: Epoch = Epoch(0)
    position: int = 0
    worker: WorkerId | None = None
    expires_at: datetime | None = None
    block: NanoUsd = ZERO
    spent: Spent = Spent()
    settled: int = 0
    past: Spent = Spent()
    losses: tuple[Loss, ...] = ()
    passed: int = 0
    last_write: WriteId | None = None
    last_answer: Lease | None = None

    @property
    def is_leased(self) -> bool:
        """Whether some worker's lease has been neither released nor taken over."""
        return self.worker is not None

    @property
    def rest(self) -> NanoUsd:
        """What of the live block is not reported as spent."""
        return NanoUsd(self.block - self.spent.total)

    @property
    def lost(self) -> NanoUsd:
        """What dead epochs left unproven."""
        return NanoUsd(sum(loss.amount for loss in self.losses))

    @property
    def short(self) -> int:
        """How many slots were given up."""
        return len(self.done) - self.accepted


def is_expired(shard: Shard, now: datetime) -> bool:
    """Whether the lease's time is over by the store's clock."""
    # At the very instant of expiry the holder may still be writing: it keeps the shard.
    return shard.worker is not None and shard.expires_at is not None and shard.expires_at < now


def answer_again(shard: Shard, write: WriteId) -> Lease | None:
    """The answer already given to this very write, if it was the row's last."""
    return shard.last_answer if shard.last_write == write else None


def take(shard: Shard, *, worker: WorkerId, now: datetime, ttl: timedelta, write: WriteId) -> Shard:
    """The shard leased to `worker` for a new epoch with an empty block. The shard must be free: see `reap`."""
    if shard.is_leased:
        raise LeaseLostError(f"shard {shard.number} is held by {shard.worker}")
    leased = replace(shard, epoch=Epoch(shard.epoch + 1), worker=worker, expires_at=now + ttl, settled=0)
    return _written(leased, ttl=ttl, write=write, stopping=False)


def reap(shard: Shard) -> Shard:
    """The shard taken from a holder that is gone: the whole unreported rest of its block is charged as lost."""
    if shard.worker is None:
        return shard
    loss = Loss(epoch=shard.epoch, worker=shard.worker, amount=shard.rest, spent=shard.spent, settled=shard.settled)
    # A loss of nothing is noted too, for its journal may hold answers. The sifting makes no calls.
    losses = shard.losses if shard.number == SIFTING else (*shard.losses, loss)
    # A ghost that asks again for its last answer must learn that it is one, so the answer goes too.
    return _ended(replace(shard, losses=losses, last_write=None, last_answer=None))


def check_fence(shard: Shard, lease: Lease) -> None:
    """Raise LeaseLostError unless the lease is the row's current one, at its current position."""
    if (shard.worker, shard.epoch, shard.position) != (lease.worker, lease.epoch, lease.position):
        raise LeaseLostError(f"shard {lease.shard}, epoch {lease.epoch}, position {lease.position} is not current")


def renew(
    shard: Shard,
    report: Report,
    *,
    granted: NanoUsd,
    now: datetime,
    ttl: timedelta,
    write: WriteId,
    stopping: bool,
) -> Shard:
    """The shard with its holder's totals and a block moved by `granted`, which is negative when money goes back."""
    reported = replace(
        shard,
        spent=report.spent,
        settled=report.settled,
        block=NanoUsd(shard.block + granted),
        expires_at=now + ttl,
    )
    if reported.rest < 0 or report.spent.total < shard.spent.total:
        raise ValueError("a report may neither exceed its block nor fall below an earlier one")
    return _written(reported, ttl=ttl, write=write, stopping=stopping)


def advance(shard: Shard, progress: Progress) -> Shard:
    """The shard with these slots done and these attempts used: part of a commit. No slot is done twice."""
    finished = progress.accepted | progress.given_up
    again = [slot for slot in finished if slot in shard.done]
    if again or progress.accepted & progress.given_up:
        raise ValueError(f"slots {sorted(again or progress.accepted & progress.given_up)} would be done twice")
    attempts = {**shard.attempts, **progress.attempts}
    return replace(
        shard,
        done=shard.done.with_slots(finished),
        accepted=shard.accepted + len(progress.accepted),
        attempts={slot: used for slot, used in attempts.items() if slot not in finished},
    )


def release(shard: Shard) -> Shard:
    """The shard free again after a last `renew` gave back its whole rest: what its epoch spent joins the past."""
    if shard.rest:
        raise ValueError("a block goes back before its lease is released")
    return _ended(shard)


def settle(shard: Shard, epoch: Epoch, spent: Spent | None) -> tuple[Shard, NanoUsd]:
    """The shard with a dead epoch's loss replaced by what its journal proves, and the money that goes back.

    `spent` is the epoch's whole total; None makes the loss final. What goes back is negative where a provider billed
    beyond the block. Raises LeaseLostError when the epoch has no open loss: it was settled before.
    """
    loss = next((loss for loss in shard.losses if loss.epoch == epoch and not loss.is_final), None)
    if loss is None:
        raise LeaseLostError(f"epoch {epoch} of shard {shard.number} has no open loss")
    others = tuple(other for other in shard.losses if other.epoch != epoch)
    if spent is None:
        return replace(shard, losses=(*others, replace(loss, is_final=True))), ZERO
    # The reported part joined the past when the epoch ended: only what the journal adds is new.
    added = Spent(
        billed=NanoUsd(spent.billed - loss.spent.billed),
        presumed=NanoUsd(spent.presumed - loss.spent.presumed),
    )
    if added.total < 0:
        raise ValueError(f"a journal proves {spent.total} where {loss.spent.total} was reported")
    return replace(shard, losses=others, past=shard.past + added), NanoUsd(loss.amount - added.total)


def withdraw(shard: Shard, marks: Iterable[Withdrawal], *, attempt_limit: int, passed: int) -> Shard:
    """A finished, free shard after sifting took these records out: slots with attempts left are open again.

    Slots whose attempts are used up stay done and are short. The position rises, so that no ghost's write fits.
    Raises WrongStateError while the shard is leased.
    """
    marks = tuple(marks)
    if shard.is_leased:
        raise WrongStateError(f"shard {shard.number} is being worked on")
    reopened = {mark.slot: mark.attempt + 1 for mark in marks if mark.attempt + 1 < attempt_limit}
    return replace(
        shard,
        done=shard.done.without(reopened),
        accepted=shard.accepted - len(marks),
        attempts={**shard.attempts, **reopened},
        position=shard.position + 1,
        passed=passed,
    )


def reopen(shard: Shard, slots: Iterable[Slot], *, attempts_used: int, passed: int) -> Shard:
    """A free shard of an ended job whose slots that were given up, all of them, are open again.

    The position rises, so that no ghost's write fits. Raises WrongStateError while the shard is leased, and when these
    are not as many as were given up: then somebody else changed the shard meanwhile.
    """
    again = frozenset(slots)
    if shard.is_leased or len(again) != shard.short or not all(slot in shard.done for slot in again):
        raise WrongStateError(f"shard {shard.number} has changed meanwhile: ask again")
    return replace(
        shard,
        done=shard.done.without(again),
        attempts={**shard.attempts, **dict.fromkeys(again, attempts_used)},
        position=shard.position + 1,
        passed=passed,
    )


def lease_of(shard: Shard, *, ttl: timedelta, stopping: bool) -> Lease:
    """The lease a row stands for. The row must be leased."""
    if shard.worker is None:
        raise ValueError(f"shard {shard.number} is free")
    return Lease(
        job=shard.job,
        shard=shard.number,
        worker=shard.worker,
        epoch=shard.epoch,
        position=shard.position,
        ttl_seconds=ttl.total_seconds(),
        done=shard.done,
        attempts=shard.attempts,
        block=shard.block,
        spent=shard.spent,
        passed=shard.passed,
        stopping=stopping,
    )


def _written(shard: Shard, *, ttl: timedelta, write: WriteId, stopping: bool) -> Shard:
    moved = replace(shard, position=shard.position + 1, last_write=write)
    return replace(moved, last_answer=lease_of(moved, ttl=ttl, stopping=stopping))


def _ended(shard: Shard) -> Shard:
    return replace(
        shard,
        position=shard.position + 1,
        worker=None,
        expires_at=None,
        block=ZERO,
        spent=Spent(),
        settled=0,
        past=shard.past + shard.spent,
    )
