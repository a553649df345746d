"""Each rule of the protocol bites: without it, what must hold does not, and the machine sees it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mutants.mutants import MUTANTS
from mutants.scenarios import PLAN, TIGHT, lose_power, settle_the_living, spend_while_offering, tidy_during_commit
from support.simulation.machine import ProtocolMachine, scratch
from support.simulation.world import Plan, World

Scenario = Callable[[World], None]

# Chance puts these to the test too rarely; the others it finds within a few examples.
SCENARIOS: dict[str, tuple[Plan, Scenario]] = {
    "lower before offer": (PLAN, spend_while_offering),
    "lock before refund": (TIGHT, settle_the_living),
    "boot id": (PLAN, lose_power),
    "epoch before manifest": (PLAN, tidy_during_commit),
}
SEARCH = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def root() -> Iterator[Path]:
    folder = scratch()
    yield folder
    shutil.rmtree(folder)


def play(plan: Plan, scenario: Scenario, root: Path) -> None:
    world = World(root, plan)
    try:
        scenario(world)
    finally:
        world.close()


@pytest.mark.parametrize("rule", sorted(MUTANTS.keys() - SCENARIOS.keys()))
def test_without_this_rule_the_machine_finds_a_broken_promise(rule: str, root: Path) -> None:
    machine = type("Machine", (ProtocolMachine,), {"root": root})
    with MUTANTS[rule](), pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=SEARCH)


@pytest.mark.parametrize("rule", SCENARIOS)
def test_without_this_rule_its_story_ends_in_a_broken_promise(rule: str, root: Path) -> None:
    with MUTANTS[rule](), pytest.raises(AssertionError):
        play(*SCENARIOS[rule], root)


@pytest.mark.parametrize("rule", SCENARIOS)
def test_with_every_rule_the_same_story_ends_well(rule: str, root: Path) -> None:
    play(*SCENARIOS[rule], root)
