"""Sets of slots of one shard, kept as a bitmap."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gristmill.domain.ids import Slot

SHARD_SLOTS = 4096


@dataclass(frozen=True, slots=True)
class SlotSet:
    """An immutable set of slots in `first .. first + size - 1`: bit i of `bits` is slot first + i."""

    first: int
    size: int
    bits: int = 0

    def __contains__(self, slot: Slot) -> bool:
        return bool(self.bits >> (slot - self.first) & 1) if self._holds(slot) else False

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __iter__(self) -> Iterator[Slot]:
        return (Slot(self.first + i) for i in range(self.size) if self.bits >> i & 1)

    @property
    def is_full(self) -> bool:
        """Whether every slot of the shard is in the set."""
        return self.bits.bit_count() == self.size

    def missing(self) -> Iterator[Slot]:
        """The slots of the shard that are not in the set, in order."""
        return (Slot(self.first + i) for i in range(self.size) if not self.bits >> i & 1)

    def with_slots(self, slots: Iterable[Slot]) -> "SlotSet":
        """The set and these slots. Raises ValueError for a slot of another shard."""
        return SlotSet(self.first, self.size, self.bits | self._mask(slots))

    def without(self, slots: Iterable[Slot]) -> "SlotSet":
        """The set less these slots. Raises ValueError for a slot of another shard."""
        return SlotSet(self.first, self.size, self.bits & ~self._mask(slots))

    def to_bytes(self) -> bytes:
        """The bitmap, little-endian, one bit a slot."""
        return self.bits.to_bytes((self.size + 7) // 8, "little")

    @staticmethod
    def from_bytes(first: int, size: int, bitmap: bytes) -> "SlotSet":
        """The set that `to_bytes` wrote."""
        return SlotSet(first, size, int.from_bytes(bitmap, "little"))

    def _holds(self, slot: Slot) -> bool:
        return self.first <= slot < self.first + self.size

    def _mask(self, slots: Iterable[Slot]) -> int:
        mask = 0
        for slot in slots:
            if not self._holds(slot):
                raise ValueError(f"slot {slot} is not in {self.first}..{self.first + self.size - 1}")
            mask |= 1 << (slot - self.first)
        return mask
