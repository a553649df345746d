"""A store is asked until it answers."""

import pytest

from gristmill.errors import LeaseLostError, StorageFullError, StoreBusyError
from gristmill.worker.persist import PAUSE_SECONDS, new_write, persist
from support.making import virtually
from support.virtual_time import VirtualClock


@virtually
async def test_a_write_goes_again_until_it_is_answered(clock: VirtualClock) -> None:
    errors = [StoreBusyError("busy"), StorageFullError("full"), StoreBusyError("busy")]
    times, full = list[float](), list[float]()

    async def verb() -> str:
        times.append(clock.seconds)
        if errors:
            raise errors.pop(0)
        return "done"

    assert await persist(verb, on_full=lambda: full.append(clock.seconds)) == "done"
    assert times == [pytest.approx(times[0] + number * PAUSE_SECONDS) for number in range(4)]
    assert full == [times[1]]


@virtually
async def test_a_refusal_is_an_answer(clock: VirtualClock) -> None:
    times = list[float]()

    async def verb() -> None:
        times.append(clock.seconds)
        raise LeaseLostError("gone")

    with pytest.raises(LeaseLostError):
        await persist(verb)
    assert len(times) == 1


def test_no_two_writes_have_the_same_id() -> None:
    assert len({new_write() for _ in range(1_000)}) == 1_000
