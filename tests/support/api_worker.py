"""A worker in the server's own process, for requests that wait for what workers make."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gristmill.domain.ids import WorkerId
from gristmill.wiring.service import Service
from gristmill.wiring.workers import open_turn_ports
from gristmill.worker.turns import take_turns
from support.api import Api


@contextmanager
def working(api: Api) -> Iterator[None]:
    """Let a worker make whatever is ordered, for a while."""
    portal, drain = api.client.portal, asyncio.Event()
    assert portal is not None
    turns = portal.start_task_soon(_take_turns, api.service, drain)
    try:
        yield
    finally:
        portal.call(drain.set)
        turns.result(timeout=30)


async def _take_turns(service: Service, drain: asyncio.Event) -> None:
    worker = WorkerId("worker-of-the-test")
    async with open_turn_ports(service.place, service.settings, worker) as ports:
        await take_turns(ports, worker, drain)
