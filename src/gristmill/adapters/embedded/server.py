"""The child process that holds the model: started when first needed, started again when it has crashed."""

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from gristmill.adapters.embedded.order import Order
from gristmill.adapters.embedded.smollm2 import CONTEXT, SLOTS
from gristmill.adapters.openai import Endpoint
from gristmill.errors import ProviderFaultError

# Loading takes a second on an idle machine; a busy one with a cold disk may take this long.
START_SECONDS = 120.0
STOP_SECONDS = 5.0

CHILD = (sys.executable, "-m", "gristmill.adapters.embedded.child")


class EmbeddedServer:
    """One model process for each worker: it listens on a free port of loopback, wants a key, and ends with its parent.

    What it prints, errors alone, is added to `log`.
    """

    def __init__(self, model: Path, log: Path, *, child: Sequence[str] = CHILD) -> None:
        self._model = model
        self._log = log
        self._child = child
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._endpoint: Endpoint | None = None

    async def start(self) -> Endpoint:
        """Where the model answers, once it does; a process that has ended is started again.

        Raises ProviderFaultError (nothing was sent) when the process ends or stays silent while it loads.
        """
        async with self._starting:
            if self._endpoint is None or self._process is None or self._process.returncode is not None:
                self._endpoint = await self._launch()
            return self._endpoint

    async def close(self) -> None:
        """End the process."""
        process, self._process, self._endpoint = self._process, None, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _launch(self) -> Endpoint:
        await self.close()
        order = Order(path=str(self._model), api_key=secrets.token_urlsafe(32), slots=SLOTS, context=CONTEXT)
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a+b") as log:
                url = await self._load(order, log)
        except OSError as error:
            raise ProviderFaultError(f"The embedded model cannot be started: {error}", sent=False) from error
        return Endpoint(base_url=f"{url}/v1", api_key=order.api_key, is_direct=True)

    async def _load(self, order: Order, log: BinaryIO) -> str:
        before = log.tell()
        process = await asyncio.create_subprocess_exec(*self._child, stdin=PIPE, stdout=PIPE, stderr=log)
        self._process = process
        try:
            return await asyncio.wait_for(_exchange(process, order), START_SECONDS)
        except asyncio.CancelledError:
            await self.close()
            raise
        except (TimeoutError, ConnectionError, ValueError) as error:
            await self.close()
            raise ProviderFaultError(_why_not(log, before), sent=False) from error


async def _exchange(process: Process, order: Order) -> str:
    """Hand over the order; its address comes back when the model is loaded. Raises ValueError when the child ends."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the child has no pipes")
    process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
    await process.stdin.drain()
    return str(json.loads(await process.stdout.readline())["url"])


def _why_not(log: BinaryIO, before: int) -> str:
    log.seek(before)
    said = log.read().decode(errors="replace").strip().splitlines()
    return f"The embedded model did not start: {said[-1] if said else 'it says nothing'} (its log: {log.name})."
