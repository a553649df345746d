"""What a worker needs from outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gristmill.domain.ids import JobId
from gristmill.generation.meter import Meter
from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.journal import Journal
from gristmill.ports.models import Models
from gristmill.ports.store import Store
from gristmill.ports.turns import TurnStore
from gristmill.ports.workers import WorkerStore


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """One open adapter for each port; whoever opened them closes them."""

    store: Store
    blobs: Blobs
    journal: Journal
    models: Models
    clock: Clock
    meter: Meter = field(default_factory=Meter)


async def do_nothing(_job: JobId) -> None:
    """What becomes of a job that has ended, where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPorts(WorkerPorts):
    """What a worker that belongs to no job needs besides.

    `host` names this machine and `cpu_seconds` says what this process has used. `models_for` opens the models of a job,
    which the worker closes; without it `models` serve every job. `on_ended` is called for each job that has ended: at
    least once unless every worker dies in that moment, perhaps again, and perhaps by several at once.
    """

    turns: TurnStore
    workers: WorkerStore
    host: str
    cpu_seconds: Callable[[], float]
    models_for: Callable[[JobId], Awaitable[Models]] | None = None
    on_ended: Callable[[JobId], Awaitable[None]] = do_nothing
