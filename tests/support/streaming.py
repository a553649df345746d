"""Answers that come bit by bit: read as they come, by somebody who may leave before the end."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from starlette.types import Message

from support.api import PREFIX, Api

SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """One message of a stream of events."""

    event: str
    id: int | None
    data: Any


def events_of(text: str) -> list[SentEvent]:
    """The messages of a stream, without its comments."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [_event(dict(line.split(": ", 1) for line in block.split("\n"))) for block in blocks]


def _event(fields: Mapping[str, str]) -> SentEvent:
    key = fields.get("id")
    return SentEvent(event=fields["event"], id=None if key is None else int(key), data=json.loads(fields["data"]))


@dataclass(slots=True)
class Stream:
    """One answer under way."""

    headers: dict[str, str] = field(default_factory=dict)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    messages: "Queue[Message]" = field(default_factory=Queue)
    is_asked: bool = False

    def next(self) -> str:
        """The next bit; empty when there are no more."""
        message = self.messages.get(timeout=SECONDS)
        if message["type"] == "http.response.start":
            self.headers.update({name.decode(): value.decode() for name, value in message["headers"]})
            return self.next()
        return str(message["body"].decode())

    def rest(self) -> str:
        """Everything up to the end."""
        return "".join(iter(self.next, ""))

    async def receive(self) -> Message:
        if self.is_asked:
            await self.left.wait()
            return {"type": "http.disconnect"}
        self.is_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        self.messages.put(message)


@contextmanager
def stream(who: Api, path: str, query: str = "", **headers: str) -> Iterator[Stream]:
    """The answer to a GET while it comes; at the end of the context its reader leaves, and it must end."""
    portal = who.client.portal
    assert portal is not None
    opened = Stream()
    under_way: Future[Any] = portal.start_task_soon(
        who.client.app, _scope(path, query, {**who.headers, **headers}), opened.receive, opened.send
    )
    try:
        yield opened
    finally:
        portal.call(opened.left.set)
        under_way.result(timeout=SECONDS)


def _scope(path: str, query: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{PREFIX}{path}",
        "raw_path": f"{PREFIX}{path}".encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
