"""Blocks are cut from a budget so that granted never passes the cap and nobody starves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.budget import Budget, change_block
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Report

AMOUNTS = st.integers(0, 10**12).map(NanoUsd)


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    cap = draw(AMOUNTS)
    return Budget(cap=cap, granted=NanoUsd(draw(st.integers(0, cap))))


def grant(free: int, *, wanted: int, least: int = 0, live_leases: int = 1) -> int:
    budget = Budget(cap=NanoUsd(free))
    return budget.grant(wanted=NanoUsd(wanted), least=NanoUsd(least), live_leases=live_leases)


@pytest.mark.parametrize(
    ("wanted", "least", "live_leases", "granted"),
    [
        (300, 0, 1, 300),
        (800, 0, 1, 500),
        (800, 0, 4, 125),
        (800, 0, 0, 500),
        (800, 600, 4, 600),
        (800, 1_000, 4, 800),
        (800, 1_001, 1, 0),
        (0, 0, 1, 0),
        (-5, 0, 1, 0),
    ],
)
def test_a_grant_is_what_is_wanted_or_a_fair_part_or_the_least(
    wanted: int, least: int, live_leases: int, granted: int
) -> None:
    assert grant(1_000, wanted=wanted, least=least, live_leases=live_leases) == granted


def test_the_last_nano_dollar_is_granted_only_to_who_can_use_it() -> None:
    assert grant(1, wanted=5) == 0
    assert grant(1, wanted=5, least=1) == 1


@given(budgets(), AMOUNTS, AMOUNTS, st.integers(0, 50))
def test_a_grant_always_fits_the_cap_and_is_nothing_or_useful(
    budget: Budget, wanted: NanoUsd, least: NanoUsd, live_leases: int
) -> None:
    granted = budget.grant(wanted=wanted, least=least, live_leases=live_leases)
    assert 0 <= granted <= min(wanted, budget.free)
    assert granted == 0 or granted >= min(least, wanted)
    assert budget.moved(granted).granted <= budget.cap


@given(budgets(), st.integers(-(10**13), 10**13).map(NanoUsd))
def test_granted_never_moves_out_of_its_bounds(budget: Budget, amount: NanoUsd) -> None:
    if 0 <= budget.granted + amount <= budget.cap:
        assert budget.moved(amount).granted == budget.granted + amount
    else:
        with pytest.raises(ValueError, match="would leave"):
            budget.moved(amount)


def test_an_overdrawn_budget_grants_nothing_and_takes_money_back() -> None:
    overdrawn = Budget(cap=NanoUsd(100), granted=NanoUsd(90)).overdrawn(NanoUsd(30))
    assert (overdrawn.granted, overdrawn.free) == (120, -20)
    assert overdrawn.grant(wanted=NanoUsd(1), least=NanoUsd(0), live_leases=1) == 0
    assert overdrawn.moved(NanoUsd(-10)).granted == 110


def change(
    report: Report, *, block: int, cap: int = 1_000, granted: int = 400, is_stopping: bool = False
) -> tuple[int, int]:
    budget = Budget(cap=NanoUsd(cap), granted=NanoUsd(granted))
    moved = change_block(budget, report, block=NanoUsd(block), live_leases=1, is_stopping=is_stopping)
    return moved.amount, moved.budget.granted


def a_report(*, block: int, spent: int = 0, least: int = 0) -> Report:
    return Report(spent=Spent(billed=NanoUsd(spent)), block=NanoUsd(block), least=NanoUsd(least))


def test_a_block_moves_down_at_once_but_never_below_what_is_spent() -> None:
    assert change(a_report(block=50, spent=20), block=300) == (-250, 150)
    assert change(a_report(block=0, spent=20), block=300) == (-280, 120)


def test_a_block_moves_up_as_far_as_the_budget_grants() -> None:
    assert change(a_report(block=500), block=300) == (200, 600)
    assert change(a_report(block=900), block=300) == (300, 700)
    assert change(a_report(block=900, least=850), block=300) == (550, 950)
    assert change(a_report(block=2_000, least=901), block=300) == (0, 400)


def test_a_stopping_job_only_takes_money_back() -> None:
    assert change(a_report(block=500), block=300, is_stopping=True) == (0, 400)
    assert change(a_report(block=100), block=300, is_stopping=True) == (-200, 200)


@pytest.mark.parametrize("is_stopping", [False, True])
def test_what_was_billed_beyond_the_block_is_charged_whatever_the_cap(*, is_stopping: bool) -> None:
    assert change(a_report(block=300, spent=350), block=300, cap=400, is_stopping=is_stopping) == (50, 450)


REPORTS = st.builds(Report, spent=st.builds(Spent, presumed=AMOUNTS), block=AMOUNTS, least=AMOUNTS)


@given(budgets(), REPORTS, st.booleans(), st.integers(0, 9))
def test_budget_and_block_always_move_together(
    budget: Budget, report: Report, is_stopping: bool, live_leases: int
) -> None:
    block, spent = NanoUsd(budget.granted // 2), report.spent.total
    moved = change_block(budget, report, block=block, live_leases=live_leases, is_stopping=is_stopping)
    assert moved.budget.granted - budget.granted == moved.amount
    assert block + moved.amount >= spent
    assert moved.budget.granted <= budget.cap or block + moved.amount == spent
