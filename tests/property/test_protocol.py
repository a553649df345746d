"""The protocol under everything that can happen to it: see "What the state machines check" in the design."""

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.simulation.machine import ProtocolMachine, scratch

SHORT = settings(
    max_examples=150, stateful_step_count=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def machine() -> Iterator[type[ProtocolMachine]]:
    root = scratch()
    yield type("Machine", (ProtocolMachine,), {"root": root})
    shutil.rmtree(root)


def test_nothing_that_happens_breaks_a_promise(machine: type[ProtocolMachine]) -> None:
    run_state_machine_as_test(machine, settings=SHORT)
