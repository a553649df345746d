"""What a worker notes on its own disk, so that a worker restarted there pays only for what was in flight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gristmill.domain.call import Call, Place
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Epoch, JobId, ShardNumber, WorkerId
from gristmill.domain.money import NanoUsd
from gristmill.domain.shard import Lease
from gristmill.domain.value import value


@value(frozen=True, slots=True, kw_only=True)
class Start:
    """A call about to be sent. `number` is unique within its epoch; `worst` is what it holds."""

    number: int
    place: Place
    model: ModelName
    prompt: str
    worst: NanoUsd
    price_table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEpoch:
    """What the journal of a worker that is gone says of one of its epochs.

    `ended` are its calls with an answer or a known end, in the order in which they settled; `open` those that started
    and have none. `is_proof` is true when the machine has not restarted since and no whole line is damaged: then
    nothing can be missing. (A last line that stops short is one the kernel never acknowledged.)
    """

    worker: WorkerId
    job: JobId
    shard: ShardNumber
    epoch: Epoch
    ended: tuple[Call, ...]
    open: tuple[Start, ...]
    is_proof: bool


class EpochLog(Protocol):
    """The journal of one lease's epoch, written by its holder alone.

    A line is with the kernel when its verb returns, so `kill -9` cannot take it; it reaches the disk within about a
    second. Both verbs raise StorageFullError when the line could not be written whole; it then counts as not written.
    """

    def started(self, start: Start) -> None:
        """Note a call before it is sent."""
        ...

    def ended(self, number: int, call: Call) -> None:
        """Note a call's end before anything uses it. The call takes the place of the start with that number."""
        ...

    def close(self, *, delete: bool) -> None:
        """End the log; `delete` it when its lease is released, keep it when the lease was lost or may be."""
        ...


class Journal(Protocol):
    """All journals on this disk: one folder a worker, locked while it lives."""

    def open_epoch(self, lease: Lease) -> EpochLog:
        """A new log for the lease's epoch."""
        ...

    def dead_workers(self) -> Sequence[WorkerId]:
        """The workers whose journals lie here and whose lock was free; listing claims them for this worker."""
        ...

    def is_here(self, worker: WorkerId) -> bool:
        """Whether the worker's journal lies on this disk, whoever holds it."""
        ...

    def read_dead(self, worker: WorkerId) -> Sequence[DeadEpoch]:
        """What a dead worker's logs say; each is read up to its first torn or damaged line.

        Reading claims the journal too: another worker that asks meanwhile gets nothing.
        """
        ...

    def forget(self, worker: WorkerId) -> None:
        """Delete a dead worker's journal, once all its epochs are settled."""
        ...

    def close(self) -> None:
        """Free this worker's lock, and delete its folder if no log is left in it."""
        ...
