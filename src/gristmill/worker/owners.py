"""The models of each owner, opened for the first of its jobs in a worker and closed after the last."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gristmill.domain.ids import UserId
from gristmill.generation.meter import MeteredModels
from gristmill.ports.models import Models
from gristmill.worker.ports import TurnPorts


class OwnersModels:
    """Lends an owner's models to its jobs. What the owner changes holds from the next opening on."""

    def __init__(self, ports: TurnPorts) -> None:
        self._ports = ports
        self._jobs = Counter[UserId]()
        self._open: dict[UserId, Models] = {}
        # Two jobs of one owner that begin at once share one opening.
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def lend(self, owner: UserId) -> AsyncIterator[Models]:
        """The owner's models for as long as the context, every call of them counted."""
        self._jobs[owner] += 1
        try:
            yield MeteredModels(await self._find(owner), self._ports.meter, self._ports.clock)
        finally:
            self._jobs[owner] -= 1
            if not self._jobs[owner]:
                del self._jobs[owner]
                await self._close(owner)

    async def _find(self, owner: UserId) -> Models:
        if self._ports.models_for is None:
            return self._ports.models
        async with self._opening:
            if owner not in self._open:
                self._open[owner] = await self._ports.models_for(owner)
            return self._open[owner]

    async def _close(self, owner: UserId) -> None:
        models = self._open.pop(owner, None)
        if models is not None:
            await models.close()
