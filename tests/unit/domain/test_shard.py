"""A shard's row answers each write by the fence, and loses no money on any path."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gristmill.domain.ids import SIFTING, Epoch, JobId, ShardNumber, Slot, WorkerId, WriteId
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.segment import Withdrawal
from gristmill.domain.shard import (
    Lease,
    Progress,
    Report,
    Shard,
    advance,
    answer_again,
    check_fence,
    is_expired,
    lease_of,
    reap,
    release,
    renew,
    settle,
    take,
    withdraw,
)
from gristmill.domain.slots import SlotSet
from gristmill.errors import LeaseLostError, WrongStateError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = timedelta(seconds=30)
W1, W2 = WorkerId("w1"), WorkerId("w2")
FREE = Shard(job=JobId("job"), number=ShardNumber(0), done=SlotSet(0, 8))


def billed(amount: int, presumed: int = 0) -> Spent:
    return Spent(billed=NanoUsd(amount), presumed=NanoUsd(presumed))


def taken(shard: Shard = FREE, worker: WorkerId = W1) -> Shard:
    return take(shard, worker=worker, now=NOON, ttl=TTL, write=WriteId("take"))


def reported(shard: Shard, *, granted: int = 0, spent: int = 0, write: str = "renew") -> Shard:
    report = Report(spent=billed(spent), block=ZERO, settled=4)
    return renew(shard, report, granted=NanoUsd(granted), now=NOON, ttl=TTL, write=WriteId(write), stopping=False)


def slots(*numbers: int) -> frozenset[Slot]:
    return frozenset(map(Slot, numbers))


def test_taking_raises_the_epoch_and_the_position_and_starts_with_nothing() -> None:
    shard = taken()
    assert (shard.epoch, shard.position, shard.worker, shard.block) == (1, 1, W1, 0)
    assert shard.expires_at == NOON + TTL
    assert shard.last_answer == lease_of(shard, ttl=TTL, stopping=False)


def test_a_held_shard_is_not_taken() -> None:
    with pytest.raises(LeaseLostError):
        taken(taken(), W2)


@pytest.mark.parametrize(("late", "expired"), [(-1, False), (0, False), (1, True)])
def test_a_lease_expires_just_after_its_time(late: int, *, expired: bool) -> None:
    now = NOON + TTL + timedelta(microseconds=late)
    assert is_expired(taken(), now) is expired


def test_a_free_shard_never_expires() -> None:
    assert not is_expired(FREE, NOON + 100 * TTL)


def test_the_last_write_alone_gets_its_answer_again() -> None:
    shard = reported(taken(), granted=10)
    assert answer_again(shard, WriteId("renew")) == shard.last_answer
    assert answer_again(shard, WriteId("take")) is None


LEASE = lease_of(taken(), ttl=TTL, stopping=False)


def test_the_fence_lets_the_current_lease_through() -> None:
    check_fence(taken(), LEASE)
    assert taken().last_answer == LEASE


@pytest.mark.parametrize(
    "stale",
    [
        replace(LEASE, worker=W2),
        replace(LEASE, epoch=Epoch(0)),
        replace(LEASE, epoch=Epoch(2)),
        replace(LEASE, position=0),
        replace(LEASE, position=2),
    ],
)
def test_the_fence_lets_no_other_lease_through(stale: Lease) -> None:
    with pytest.raises(LeaseLostError):
        check_fence(taken(), stale)


def test_a_report_stays_within_its_block_and_never_falls() -> None:
    shard = reported(taken(), granted=100, spent=30)
    assert (shard.block, shard.rest, shard.settled) == (100, 70, 4)
    with pytest.raises(ValueError, match="report"):
        reported(shard, spent=101)
    with pytest.raises(ValueError, match="report"):
        reported(shard, spent=29)


def test_progress_marks_slots_and_forgets_their_attempts() -> None:
    shard = advance(FREE, Progress(attempts={Slot(1): 1, Slot(2): 2}))
    shard = advance(shard, Progress(accepted=slots(1), given_up=slots(3)))
    assert (set(shard.done), shard.accepted, shard.short) == ({1, 3}, 1, 1)
    assert shard.attempts == {2: 2}


@pytest.mark.parametrize("again", [Progress(accepted=slots(1)), Progress(given_up=slots(1))])
def test_no_slot_is_done_twice(again: Progress) -> None:
    shard = advance(FREE, Progress(accepted=slots(1)))
    with pytest.raises(ValueError, match=r"\[1\] would be done twice"):
        advance(shard, again)
    with pytest.raises(ValueError, match=r"\[2\] would be done twice"):
        advance(FREE, Progress(accepted=slots(2), given_up=slots(2)))


def test_a_release_moves_what_was_spent_into_the_past() -> None:
    shard = release(reported(reported(taken(), granted=100, spent=30), granted=-70, spent=30))
    assert (shard.is_leased, shard.block, shard.spent, shard.past) == (False, 0, Spent(), billed(30))
    with pytest.raises(ValueError, match="before its lease"):
        release(reported(taken(), granted=100, spent=30))


def test_reaping_charges_the_whole_rest_and_takes_the_ghosts_answer_away() -> None:
    shard = reap(reported(taken(), granted=100, spent=30))
    assert (shard.is_leased, shard.past, shard.lost) == (False, billed(30), 70)
    assert answer_again(shard, WriteId("renew")) is None
    assert reap(shard) is shard


def test_a_sifting_loses_nothing_when_it_is_reaped() -> None:
    assert reap(taken(replace(FREE, number=SIFTING))).losses == ()


def test_a_dead_epoch_is_settled_once_by_what_its_journal_adds() -> None:
    dead = reap(reported(taken(), granted=100, spent=30))
    shard, back = settle(dead, Epoch(1), billed(45, presumed=5))
    assert (back, shard.past, shard.lost) == (50, billed(45, presumed=5), 0)
    with pytest.raises(LeaseLostError):
        settle(shard, Epoch(1), billed(45))


def test_a_loss_without_proof_becomes_final() -> None:
    dead = reap(reported(taken(), granted=100, spent=30))
    shard, back = settle(dead, Epoch(1), None)
    assert (back, shard.past, shard.lost) == (0, billed(30), 70)
    with pytest.raises(LeaseLostError):
        settle(shard, Epoch(1), billed(40))


def test_a_journal_cannot_prove_less_than_was_reported() -> None:
    dead = reap(reported(taken(), granted=100, spent=30))
    with pytest.raises(ValueError, match="a journal proves 29 where 30 was reported"):
        settle(dead, Epoch(1), billed(29))


def test_every_path_keeps_the_books_balanced() -> None:
    shard = reap(reported(taken(), granted=100, spent=30))
    shard = reap(reported(taken(shard, W2), granted=50, spent=50))
    shard, back = settle(shard, Epoch(1), billed(60))
    assert shard.block + shard.past.total + shard.lost == 150 - back == 110


def test_withdrawing_reopens_slots_with_attempts_left_and_leaves_the_others_short() -> None:
    done = advance(FREE, Progress(accepted=slots(*range(8))))
    marks = [Withdrawal(slot=Slot(1), attempt=0), Withdrawal(slot=Slot(2), attempt=2)]
    shard = withdraw(done, marks, attempt_limit=3, passed=4)
    assert (list(shard.done.missing()), shard.accepted, shard.short) == ([1], 6, 1)
    assert (shard.attempts, shard.passed, shard.position) == ({1: 1}, 4, done.position + 1)


def test_a_shard_that_is_leased_is_not_sifted() -> None:
    with pytest.raises(WrongStateError):
        withdraw(taken(), [Withdrawal(slot=Slot(1), attempt=0)], attempt_limit=3, passed=1)


def test_a_free_shard_stands_for_no_lease() -> None:
    with pytest.raises(ValueError, match="is free"):
        lease_of(FREE, ttl=TTL, stopping=False)
