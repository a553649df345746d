import pytest

from gristmill.jobs.spread import Spread, attempts_of_slot, each, mean_of, share_of


@pytest.mark.parametrize(
    ("passed", "tried", "low", "high"),
    [
        # With z = 1.28155 of 80 %: at both ends Wilson's interval is n / (n + z²) and z² / (n + z²).
        (10, 10, 10 / 11.64237, 1.0),
        (0, 4, 0.0, 1.64237 / 5.64237),
        (5, 10, 0.5 - 0.187796, 0.5 + 0.187796),
    ],
)
def test_a_share_lies_in_wilsons_interval(passed: int, tried: int, low: float, high: float) -> None:
    share = share_of(passed, tried)
    assert (share.low, share.likely, share.high) == pytest.approx((low, passed / tried, high), abs=1e-4)


def test_a_mean_lies_in_students_interval() -> None:
    # s / sqrt(10) = 0.957427, and the table has t = 1.383 for nine degrees of freedom.
    mean = mean_of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert (mean.low, mean.likely, mean.high) == pytest.approx((5.5 - 1.3241, 5.5, 5.5 + 1.3241), abs=0.002)


def test_a_mean_is_no_less_than_the_least_measure() -> None:
    assert mean_of([1, 1, 10]).low == 1
    assert mean_of([3, 3, 3]) == Spread(low=3, likely=3, high=3)


def test_one_measure_leaves_half_and_twice_open() -> None:
    assert mean_of([8]) == Spread(low=4, likely=8, high=16)


@pytest.mark.parametrize(
    ("acceptance", "limit", "attempts"), [(0.5, 3, 1.75), (0.0, 4, 4.0), (1.0, 4, 1.0), (0.25, 1, 1.0)]
)
def test_a_slot_takes_attempts_until_one_is_accepted_or_all_are_used(
    acceptance: float, limit: int, attempts: float
) -> None:
    assert attempts_of_slot(acceptance, limit) == attempts


def test_ranges_add_and_multiply_end_by_end() -> None:
    one, other = Spread(low=1, likely=2, high=3), Spread(low=4, likely=5, high=6)
    assert one + other == Spread(low=5, likely=7, high=9)
    assert one * other == Spread(low=4, likely=10, high=18)
    assert one.times(2) == each(lambda level: 2 * one.at(level)) == Spread(low=2, likely=4, high=6)
