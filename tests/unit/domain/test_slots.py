"""A set of slots behaves like a set and survives its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.ids import Slot
from gristmill.domain.slots import SHARD_SLOTS, SlotSet

FIRST, SIZE = 4096, 70
SLOTS = st.sets(st.integers(FIRST, FIRST + SIZE - 1).map(Slot))


@given(SLOTS, SLOTS)
def test_a_slot_set_is_a_set(some: set[Slot], others: set[Slot]) -> None:
    made = SlotSet(FIRST, SIZE).with_slots(some)
    assert set(made) == some
    assert len(made) == len(some)
    assert set(made.missing()) == set(range(FIRST, FIRST + SIZE)) - some
    assert set(made.with_slots(others)) == some | others
    assert set(made.without(others)) == some - others
    assert all((slot in made) == (slot in some) for slot in range(FIRST - 5, FIRST + SIZE + 5) for slot in [Slot(slot)])


@given(SLOTS)
def test_a_slot_set_survives_its_bytes(some: set[Slot]) -> None:
    made = SlotSet(FIRST, SIZE).with_slots(some)
    assert SlotSet.from_bytes(FIRST, SIZE, made.to_bytes()) == made


def test_a_full_shard_takes_512_bytes() -> None:
    full = SlotSet(0, SHARD_SLOTS).with_slots(map(Slot, range(SHARD_SLOTS)))
    assert full.is_full
    assert full.to_bytes() == b"\xff" * 512
    assert list(full.missing()) == []


@pytest.mark.parametrize("slot", [FIRST - 1, FIRST + SIZE])
def test_a_slot_of_another_shard_is_refused(slot: int) -> None:
    with pytest.raises(ValueError, match="is not in"):
        SlotSet(FIRST, SIZE).with_slots([Slot(slot)])
    assert Slot(slot) not in SlotSet(FIRST, SIZE)


def test_a_shard_without_slots_is_full() -> None:
    assert SlotSet(0, 0).is_full
    assert SlotSet(0, 0).to_bytes() == b""
