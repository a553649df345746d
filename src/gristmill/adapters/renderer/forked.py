"""A child for each template, forked from a process that stands ready: for servers, which read many."""

import asyncio
import contextlib
import json
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gristmill.adapters.renderer.process import DEADLINE_SECONDS, ChildRenderer, end, environment, started

NURSERY = (sys.executable, "-P", "-m", "gristmill.adapters.renderer.nursery")

# More at once would only take each other's time, and each has a deadline.
MOST_AT_ONCE = 4


class ForkedRenderer(ChildRenderer):
    """Reads and renders each template in a process of its own, which is there at once.

    The process that they are forked from is started by the first question, and again when it has died. A child whose
    answer is no longer waited for is ended by the kernel within half a second.
    """

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        super().__init__(deadline_seconds=deadline_seconds)
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._starting = asyncio.Lock()
        self._nursery: Process | None = None
        self._asking: socket.socket | None = None

    async def close(self) -> None:
        """Leave no process behind."""
        if self._asking is not None:
            self._asking.close()
        if self._nursery is not None:
            await end(self._nursery)

    async def _ask(self, verb: str, **told: object) -> list[Any] | None:
        asked = json.dumps({"verb": verb, "told": told}).encode()
        async with self._turns, self._connected() as (answers, questions):
            await started(answers)
            try:
                async with asyncio.timeout(self.deadline_seconds):
                    questions.write(asked)
                    questions.write_eof()
                    return list(json.loads(await answers.read()))
            except (TimeoutError, OSError, ValueError):
                # It was too slow, or the kernel ended it before its answer was whole.
                return None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection to a child that is about to be forked."""
        ours, theirs = socket.socketpair()
        with theirs:
            await self._send(theirs)
        answers, questions = await asyncio.open_connection(sock=ours)
        try:
            yield answers, questions
        finally:
            questions.close()
            with contextlib.suppress(OSError):
                await questions.wait_closed()

    async def _send(self, theirs: socket.socket) -> None:
        async with self._starting:
            try:
                socket.send_fds(self._asking or await self._start(), [b"\0"], [theirs.fileno()])
            except OSError:
                # It is gone, and its end of the socket with it.
                socket.send_fds(await self._start(), [b"\0"], [theirs.fileno()])

    async def _start(self) -> socket.socket:
        await self.close()
        self._asking, theirs = socket.socketpair()
        with theirs:
            self._nursery = await asyncio.create_subprocess_exec(
                *NURSERY, stdin=theirs.fileno(), stdout=DEVNULL, stderr=DEVNULL, env=environment()
            )
        return self._asking
