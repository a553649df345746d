"""Splits by shares: of about the size wanted, and the same for a record however many there are."""

import pytest

from gristmill.datasets import Splits, parse_splits
from gristmill.domain.ids import Slot
from gristmill.errors import BadInputError


def test_each_split_has_about_its_share() -> None:
    splits = Splits(shares=parse_splits("train=0.8, validation=0.1,test=0.1"))
    names = [splits.of(Slot(slot)) for slot in range(10_000)]

    assert 7800 < names.count("train") < 8200
    assert 900 < names.count("validation") < 1100
    assert names.count("test") == 10_000 - names.count("train") - names.count("validation")


def test_a_record_leaves_its_split_only_when_the_shares_move_past_it() -> None:
    before = Splits(shares={"train": 0.9, "test": 0.1})
    after = Splits(shares={"train": 0.8, "test": 0.2})
    moved = {(before.of(Slot(slot)), after.of(Slot(slot))) for slot in range(1000)}

    assert moved == {("train", "train"), ("test", "test"), ("train", "test")}


def test_another_random_seed_makes_another_split() -> None:
    one, other = (Splits(shares={"a": 0.5, "b": 0.5}, random_seed=number) for number in (0, 1))

    assert [one.of(Slot(slot)) for slot in range(64)] != [other.of(Slot(slot)) for slot in range(64)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no name for a split"),
        ("Train=1", "no name for a split"),
        ("train=0.5,train=0.5", "stands there twice"),
        ("train=0.9,test=0.2", "add up to 1.1"),
        ("train", "The share of 'train' is ''"),
        ("train=nan", "not a number above 0"),
        ("train=1,test=0", "The share of 'test' is '0'"),
        (",".join(f"s{i}=0.05" for i in range(20)), "at most 16 splits"),
    ],
)
def test_shares_that_make_no_sense_are_refused(text: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        parse_splits(text)
