"""What the use cases of this room need from outside."""

from dataclasses import dataclass
from typing import Protocol

from gristmill.ports.blobs import Blobs
from gristmill.ports.clock import Clock
from gristmill.ports.exports import ExportStore
from gristmill.ports.index import RecordIndex
from gristmill.ports.marks import MarkStore
from gristmill.ports.models import Prices
from gristmill.ports.renderer import Renderer
from gristmill.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPorts:
    """The ports a job is ordered, watched and exported through."""

    store: Store
    exports: ExportStore
    marks: MarkStore
    blobs: Blobs
    prices: Prices
    clock: Clock
    renderer: Renderer


class BrowseStore(Store, MarkStore, Protocol):
    """A store of jobs and of the marks on their records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowsePorts:
    """The ports a job's records are read through."""

    store: BrowseStore
    blobs: Blobs
    index: RecordIndex
    clock: Clock
