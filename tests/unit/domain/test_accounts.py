"""The pure rules of accounts, at their edges."""

from datetime import UTC, datetime, timedelta

import pytest

from gristmill.domain.account import SOLE, Principal, UserLimits
from gristmill.domain.budget import Budget
from gristmill.domain.commitment import commitment, refuse_beyond_limit
from gristmill.domain.ids import UserId
from gristmill.domain.job import ENDED, JobStatus
from gristmill.domain.money import NanoUsd
from gristmill.domain.throttle import Throttle, Tries, count_try, network_of, wait_seconds
from gristmill.domain.token import digest_of, spell_secret
from gristmill.errors import LimitReachedError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = Throttle(free=3, first=10, most=60, forget=3_600)


def test_a_job_binds_its_cap_until_it_has_ended_and_never_less_than_it_was_granted() -> None:
    budget, overdrawn = Budget(cap=NanoUsd(10), granted=NanoUsd(4)), Budget(cap=NanoUsd(10), granted=NanoUsd(12))
    for status in JobStatus:
        assert commitment(status, budget) == (4 if status in ENDED else 10)
        assert commitment(status, overdrawn) == 12


@pytest.mark.parametrize(("limit", "bound", "adding"), [(None, 9, 9), (10, 4, 6), (10, 20, 0), (10, 20, -5), (0, 0, 0)])
def test_what_fits_or_adds_nothing_is_not_refused(limit: int | None, bound: int, adding: int) -> None:
    most = None if limit is None else NanoUsd(limit)
    refuse_beyond_limit(most, bound=NanoUsd(bound), adding=NanoUsd(adding))


def test_one_nano_dollar_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitReachedError):
        refuse_beyond_limit(NanoUsd(10), bound=NanoUsd(4), adding=NanoUsd(7))


def test_a_wait_doubles_to_its_most_and_is_over_at_the_very_instant() -> None:
    waits = [wait_seconds(RULE, Tries(count=count, last_at=NOON), NOON) for count in (0, 2, 3, 4, 5, 6, 10**6)]
    assert waits == [0, 0, 10, 20, 40, 60, 60]
    assert wait_seconds(RULE, Tries(count=3, last_at=NOON), NOON + timedelta(seconds=10)) == 0
    assert wait_seconds(RULE, None, NOON) == 0


def test_tries_are_forgotten_after_an_idle_while() -> None:
    old = Tries(count=50, last_at=NOON)
    late = NOON + timedelta(hours=1)
    assert wait_seconds(RULE, old, late) == 0
    assert count_try(RULE, old, late) == Tries(count=1, last_at=late)
    assert count_try(RULE, old, late - timedelta(seconds=1)).count == 51


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("a socket", "a socket"),
    ],
)
def test_neighbours_of_one_ipv6_network_are_counted_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_scope_admin_needs_the_role_as_well() -> None:
    pretender = Principal(user=UserId("u"), role="user", scopes=frozenset({"read", "admin"}))
    assert not pretender.may("admin")
    assert pretender.may("read")
    assert not pretender.may("write")
    assert all(SOLE.may(scope) for scope in SOLE.scopes)
    assert UserLimits() == UserLimits(budget=None, running=None)


def test_a_secret_is_known_by_its_prefix_and_kept_as_a_digest_of_all_of_it() -> None:
    secret = spell_secret("gmk_", bytes(range(32)))
    assert secret.startswith("gmk_")
    assert len(secret) == 4 + 43
    assert digest_of(secret) != digest_of(secret[:-1])
    assert secret[4:] not in digest_of(secret)
