"""The models of each owner, opened for the first of its jobs in a worker and closed after the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gristmill.domain.ids import UserId
from gristmill.generation.meter import MeteredModels
from gristmill.ports.models import Models
from gristmill.worker.ports import TurnPorts


@dataclass(slots=True)
class _Shared:
    models: Models
    jobs: int = 0


class OwnersModels:
    """Lends an owner's models to its jobs. What the owner changes holds from the next opening on."""

    def __init__(self, ports: TurnPorts) -> None:
        self._ports = ports
        self._open: dict[UserId, _Shared] = {}
        # Two jobs of one owner that begin at once share one opening.
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def lend(self, owner: UserId) -> AsyncIterator[Models]:
        """The owner's models for as long as the context, every call of them counted."""
        shared = await self._take(owner)
        try:
            yield MeteredModels(shared.models, self._ports.meter, self._ports.clock)
        finally:
            await self._give_back(owner, shared)

    async def _take(self, owner: UserId) -> _Shared:
        open_models = self._ports.models_for
        async with self._opening:
            if owner not in self._open:
                own = self._ports.models if open_models is None else await open_models(owner)
                self._open[owner] = _Shared(own)
            self._open[owner].jobs += 1
            return self._open[owner]

    async def _give_back(self, owner: UserId, shared: _Shared) -> None:
        shared.jobs -= 1
        if shared.jobs == 0:
            del self._open[owner]
            if self._ports.models_for is not None:
                await shared.models.close()
