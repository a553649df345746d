"""A FingerprintSet is a set, at about ten bytes an element."""

import random
import sys

from gristmill.datasets import FingerprintSet


def test_adding_says_what_was_new() -> None:
    prints = FingerprintSet()

    assert [prints.add(x) for x in (0, 2**64 - 1, 5, 0, 2**64 - 1, 6)] == [True, True, True, False, False, True]
    assert len(prints) == 4
    assert 5 in prints
    assert 7 not in prints


def test_it_agrees_with_a_set_whatever_is_put_in() -> None:
    chance = random.Random(1)
    prints, model = FingerprintSet(), set[int]()
    for _ in range(20_000):
        x = chance.getrandbits(64) >> chance.choice((0, 40, 52))
        assert prints.add(x) == (x not in model)
        model.add(x)

    assert len(prints) == len(model)
    assert all(x in prints for x in model)


def test_an_element_takes_at_most_twelve_bytes() -> None:
    chance = random.Random(2)
    prints = FingerprintSet()
    empty = sum(map(sys.getsizeof, prints._buckets))
    for _ in range(200_000):
        prints.add(chance.getrandbits(64))

    assert sum(map(sys.getsizeof, prints._buckets)) - empty <= 12 * 200_000
