"""The hot loop: acquire, generate, write, commit."""

from gristmill.worker.lending import lend_models
from gristmill.worker.ports import TurnPorts, WorkerPorts
from gristmill.worker.run import run_worker
from gristmill.worker.turns import take_turns

__all__ = ["TurnPorts", "WorkerPorts", "lend_models", "run_worker", "take_turns"]
