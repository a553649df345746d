"""Every store remembers what was asked under an idempotency key, and what was answered."""

from datetime import timedelta

import pytest

from gristmill.domain.ids import UserId
from gristmill.errors import IdempotencyConflictError
from gristmill.ports.requests import Answered, Claimed
from support.stores import NOON, Mill

ANN, BOB = UserId("ann"), UserId("bob")


def test_a_key_is_claimed_once_and_then_gives_its_answer_for_a_day(mill: Mill) -> None:
    assert mill(mill.store.claim_request(ANN, "k", "d1")) == Claimed(since=NOON)
    mill(mill.store.answer_request(ANN, "k", 201, '{"id": 1}'))
    mill.clock.pass_by(timedelta(hours=24))
    assert mill(mill.store.claim_request(ANN, "k", "d1")) == Answered(status=201, answer='{"id": 1}')
    mill.clock.pass_by(timedelta(seconds=1))
    assert mill(mill.store.claim_request(ANN, "k", "d1")) == Claimed(since=mill.clock.at)


def test_another_request_under_the_same_key_is_a_conflict_answered_or_not(mill: Mill) -> None:
    mill(mill.store.claim_request(ANN, "k", "d1"))
    with pytest.raises(IdempotencyConflictError, match="another request"):
        mill(mill.store.claim_request(ANN, "k", "d2"))
    mill(mill.store.answer_request(ANN, "k", 200, "{}"))
    with pytest.raises(IdempotencyConflictError, match="another request"):
        mill(mill.store.claim_request(ANN, "k", "d2"))


def test_keys_of_another_user_are_other_keys(mill: Mill) -> None:
    mill(mill.store.claim_request(ANN, "k", "d1"))
    assert isinstance(mill(mill.store.claim_request(BOB, "k", "d2")), Claimed)


def test_a_request_that_is_being_answered_is_a_conflict_until_its_server_must_be_dead(mill: Mill) -> None:
    mill(mill.store.claim_request(ANN, "k", "d1"))
    with pytest.raises(IdempotencyConflictError, match="still being answered"):
        mill(mill.store.claim_request(ANN, "k", "d1"))
    mill.clock.pass_by(timedelta(minutes=1))
    assert mill(mill.store.claim_request(ANN, "k", "d1")) == Claimed(since=NOON)


def test_a_refused_request_frees_its_key_and_an_answered_one_does_not(mill: Mill) -> None:
    mill(mill.store.claim_request(ANN, "k", "d1"))
    mill(mill.store.give_up_request(ANN, "k"))
    assert isinstance(mill(mill.store.claim_request(ANN, "k", "d2")), Claimed)
    mill(mill.store.answer_request(ANN, "k", 200, "{}"))
    mill(mill.store.give_up_request(ANN, "k"))
    assert isinstance(mill(mill.store.claim_request(ANN, "k", "d2")), Answered)
