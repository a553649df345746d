"""The hot loop: acquire, generate, write, commit."""

from gristmill.worker.ports import WorkerPorts
from gristmill.worker.run import run_worker

__all__ = ["WorkerPorts", "run_worker"]
