"""A job as it goes: parts of its page, sent as they change."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gristmill.domain.event import Event
from gristmill.domain.ids import JobId
from gristmill.errors import GristmillError
from gristmill.server.following import Look, follow_job
from gristmill.web.job.page import COURSE, HEAD, NOW, head_values, page_values
from gristmill.web.job.view import MOST_EVENTS, JobView, read_on
from gristmill.web.owned import OwnJob
from gristmill.web.page import fill
from gristmill.web.visitor import Visitor, authenticate
from gristmill.wiring.service import Service

router = APIRouter()

# At most four messages a second; charts, rejects and records take longer to read and to draw, and are sent less often.
PAUSE_SECONDS: Final = 0.25
COURSE_SECONDS: Final = 1.5


@router.get("/jobs/{id}/live", response_class=EventSourceResponse)
async def follow(request: Request, caller: Visitor, job: OwnJob) -> AsyncIterator[ServerSentEvent]:
    """Messages of HTML until the job has ended and all of it was sent; then `end`.

    Each begins anew with the whole page, so nothing is missed by who comes back.
    """
    # Logged out, a job that is deleted, or a store that is busy: the page asks once more, and then is told.
    with suppress(GristmillError):
        async with aclosing(_messages(request, caller.service, job.id)) as messages:
            async for html in messages:
                # A stream outlives a login.
                await authenticate(request)
                yield ServerSentEvent(raw_data=html)
        yield ServerSentEvent(event="end", raw_data=job.id)


async def _messages(request: Request, service: Service, job: JobId) -> AsyncGenerator[str, None]:
    screen = _Screen(request, service)
    async for look in follow_job(service.store, service.clock, job, 0):
        screen.take(look)
        if look.report is not None or screen.is_course_due:
            yield await screen.draw()
            await asyncio.sleep(PAUSE_SECONDS)
    yield await screen.draw(whole=True)


class _Screen:
    """What one reader has been shown."""

    def __init__(self, request: Request, service: Service) -> None:
        self._request = request
        self._service = service
        self._view: JobView | None = None
        self._events = deque[Event](maxlen=MOST_EVENTS)
        self._status = ""
        self._drawn_at = float("-inf")

    @property
    def is_course_due(self) -> bool:
        """Whether it is time for what takes longer."""
        # Whoever comes is told at once how things stand, and then of what happened until then.
        return bool(self._events) and self._service.clock.monotonic() - self._drawn_at >= COURSE_SECONDS

    def take(self, look: Look) -> None:
        """Note what a look showed."""
        self._events.extend(look.events)
        if look.report is not None:
            self._view = replace(self._view, report=look.report) if self._view else JobView(report=look.report)

    async def draw(self, *, whole: bool = False) -> str:
        """The HTML of what has changed since, or of all."""
        assert self._view is not None  # noqa: S101 - the first look at a job shows how it stands
        parts = [NOW]
        if self._view.report.job.status is not self._status or whole:
            self._status = self._view.report.job.status
            parts.append(HEAD)
        if self.is_course_due or whole:
            self._view = await read_on(self._service, replace(self._view, events=tuple(self._events)))
            self._drawn_at = self._service.clock.monotonic()
            parts.append(COURSE)
        return self._fill(parts, self._view)

    def _fill(self, parts: Sequence[str], view: JobView) -> str:
        values = page_values(self._request, view) if COURSE in parts else head_values(view)
        return fill(self._request, "jobs/live.html", parts=parts, **values)
