"""What a worker needs from outside."""

from dataclasses import dataclass

from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.journal import Journal
from gristmill.ports.models import Models
from gristmill.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """One open adapter for each port; whoever opened them closes them."""

    store: Store
    blobs: Blobs
    journal: Journal
    models: Models
    clock: Clock
