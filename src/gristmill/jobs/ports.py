"""What the use cases of this room need from outside."""

from dataclasses import dataclass

from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.exports import ExportStore
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Renderer
from gristmill.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPorts:
    """The ports a job is ordered, watched and exported through."""

    store: Store
    exports: ExportStore
    blobs: Blobs
    prices: Prices
    clock: Clock
    renderer: Renderer
