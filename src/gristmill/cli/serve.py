"""`gristmill serve`: pages and HTTP API, with workers that look after themselves."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Annotated, NoReturn

import uvicorn
from cyclopts import Parameter, validators
from starlette.types import ASGIApp
from uvicorn.importer import import_from_string

from gristmill.cli.boundary import OK
from gristmill.cli.greeting import greet
from gristmill.cli.listening import listen, url_of
from gristmill.cli.loop import run_loop
from gristmill.cli.terminal import say
from gristmill.wiring.accounts import auth_of, refuse_open_none
from gristmill.wiring.logs import open_server_log
from gristmill.wiring.service import open_service
from gristmill.wiring.settings import Settings, read_settings
from gristmill.wiring.supervision import Supervisor, open_supervisor

# By their names: the shell, the API and the pages know nothing of one another.
APP = "gristmill.api.app:create_app"
PAGES = "gristmill.web.app:create_pages"

# Whoever follows a job keeps a request open for ever: after so long it is cut off.
GRACE_SECONDS = 5

# Longer than a proxy keeps its connections (nginx: 60 s), or it would send requests into one that just closed.
KEEP_ALIVE_SECONDS = 75

KILLED_BY_TERM = 128 + signal.SIGTERM

Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]
Workers = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=64))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Serving:
    """What a server begins with: its settings, the socket it listens on, and who keeps its workers."""

    settings: Settings
    listener: socket.socket
    workers: int
    supervisor: Supervisor


def serve(*, host: str = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> int:
    """Serve the pages and the HTTP API, and keep workers that make the records of its jobs.

    Jobs, accounts and records lie under GRISTMILL_HOME (~/.gristmill) unless the settings say otherwise. Ctrl-C or
    SIGTERM lets calls in flight finish and keeps what they made; once more stops at once.

    Example: gristmill serve --port 8080 --workers 2

    Parameters
    ----------
    host
        The address to listen on. Other machines reach it only on an address of their network, such as 0.0.0.0.
    port
        The port to listen on; 0 takes one that is free.
    workers
        How many worker processes to keep; 0 leaves the work to others on the same store.
    """
    settings = read_settings()
    refuse_open_none(auth_of(settings), host)
    open_server_log()
    with listen(host, port) as listener:
        run_loop(
            _open_and_serve(
                _Serving(settings=settings, listener=listener, workers=workers, supervisor=open_supervisor(workers))
            )
        )
    return OK


async def _open_and_serve(serving: _Serving) -> None:
    url = url_of(serving.listener)
    async with open_service(serving.settings, url) as service:
        app = import_from_string(APP)(lambda: nullcontext(service), pages=import_from_string(PAGES))
        has_users = await service.store.has_users()

        def tell() -> None:
            greet(serving.settings, url, workers=serving.workers, has_users=has_users)

        await _serve(serving, _Server(_config(app, serving.settings), tell))


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Uvicorn, which leaves signals to us, and lets us say that it serves."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        self._tell()


async def _serve(serving: _Serving, server: _Server) -> None:
    def end() -> None:
        if server.should_exit:
            _leave(serving.supervisor)
        server.should_exit = True
        serving.supervisor.drain()
        say("Ending: what is in flight may finish. Once more stops at once.")

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    async with asyncio.TaskGroup() as group:
        group.create_task(serving.supervisor.run())
        try:
            await server.serve([serving.listener])
        finally:
            serving.supervisor.drain()


def _leave(supervisor: Supervisor) -> NoReturn:
    # As sudden as a kill: journals and store have all that matters, and the next start goes on from it.
    supervisor.kill()
    os._exit(KILLED_BY_TERM)
