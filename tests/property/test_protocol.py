"""The protocol under everything that can happen to it: see "What the state machines check" in the design."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gristmill.domain.job import JobStatus
from support.simulation.machine import ProtocolMachine, scratch
from support.simulation.order import Apart
from support.simulation.provider import good
from support.simulation.world import TTL_SECONDS, Plan, World
from support.stores import KINDS

SHORT = settings(
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, derandomize=False, print_blob=True)
# The rules are the same code over both; what PostgreSQL adds is how it runs it, and that takes ten times as long.
EXAMPLES = {"sqlite": 120, "postgres": 4}
LONG_EXAMPLES = {"sqlite": 3_000, "postgres": 300}


@pytest.fixture
def root() -> Iterator[Path]:
    folder = scratch()
    yield folder
    shutil.rmtree(folder)


def machine(root: Path, kind: str) -> type[ProtocolMachine]:
    return type("Machine", (ProtocolMachine,), {"root": root, "kind": kind})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_happens_breaks_a_promise(root: Path, kind: str) -> None:
    run_state_machine_as_test(machine(root, kind), settings=settings(SHORT, max_examples=EXAMPLES[kind]))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_happens_in_thousands_of_lives_breaks_a_promise(root: Path, kind: str) -> None:
    run_state_machine_as_test(machine(root, kind), settings=settings(LONG, max_examples=LONG_EXAMPLES[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_whose_lease_was_lost_while_it_called_notes_the_answers_and_goes(root: Path, kind: str) -> None:
    world = World(root, Plan(shards=(2,)), kind)
    try:
        ghost = world.launch(0)
        assert len(world.provider.in_flight) == 2
        world.freeze(ghost)
        world.advance(TTL_SECONDS + 1)
        world.launch(1)
        world.thaw(ghost)
        world.advance(1)
        world.answer_all()
        world.advance(1)
        assert ghost.is_dead
        world.calm()
    finally:
        world.close()


@pytest.mark.parametrize("judge", [False, True])
@pytest.mark.parametrize("apart", ["unique", "distinct"])
def test_what_two_workers_made_twice_is_taken_out_and_made_anew(root: Path, apart: Apart, *, judge: bool) -> None:
    world = World(root, Plan(shards=(3, 3), apart=apart, judge=judge, in_flight=1, redraw=2))
    try:
        world.launch(0)
        world.launch(1)
        while not world.seen.manifest.withdrawn:
            world.answer_all(lambda call: f"text {call.place.slot % 3}")
            world.advance(0.5)
        assert not world.seen.job.has_ended
        world.calm()
        assert world.seen.job.status is JobStatus.COMPLETED
    finally:
        world.close()


@pytest.mark.parametrize("kind", KINDS)
def test_after_kills_on_one_disk_nothing_stays_lost_and_only_what_was_in_flight_is_asked_again(
    root: Path, kind: str
) -> None:
    world = World(root, Plan(shards=(3, 2), steps=2), kind)
    try:
        open_at_kills = 0
        while not world.seen.job.has_ended:
            worker = world.launch(0)
            for call in world.provider.in_flight[:2]:
                world.answer(call, good(f"text {call.place.slot}"))
            if world.clock.seconds < 3:
                open_at_kills += sum(call.worker == worker.name for call in world.provider.in_flight)
                world.kill(worker)
            else:
                world.calm()
            world.clock.seconds += 0.5
        assert world.seen.totals.lost == 0
        answered = {place for place, replies in world.provider.replies.items() if replies}
        assert len(answered) == 10
        assert world.provider.calls - len(answered) <= open_at_kills
    finally:
        world.close()
