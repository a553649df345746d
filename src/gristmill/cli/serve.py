"""`gristmill serve`: the HTTP API, with workers that look after themselves."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import uvicorn
from cyclopts import Parameter, validators
from starlette.types import ASGIApp
from uvicorn.importer import import_from_string

from gristmill.cli.boundary import OK
from gristmill.cli.loop import run_loop
from gristmill.cli.terminal import say
from gristmill.errors import BadInputError
from gristmill.wiring.accounts import auth_of, refuse_open_none
from gristmill.wiring.logs import open_server_log
from gristmill.wiring.service import open_service
from gristmill.wiring.settings import Settings, read_settings
from gristmill.wiring.supervision import Supervisor, open_supervisor

# By its name: the shell and the API know nothing of each other.
APP = "gristmill.api.app:create_app"

# Whoever follows a job keeps a request open for ever: after so long it is cut off.
GRACE_SECONDS = 5

Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]
Workers = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=64))]


def serve(*, host: str = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> int:
    """Serve the HTTP API, and keep workers that make the records of its jobs. Ctrl-C or SIGTERM ends it in order.

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
    run_loop(_open_and_serve(settings, host, port, open_supervisor(workers)))
    return OK


async def _open_and_serve(settings: Settings, host: str, port: int, supervisor: Supervisor) -> None:
    async with open_service(settings, f"http://{host}:{port}") as service:
        app = import_from_string(APP)(lambda: nullcontext(service))
        await _serve(app, host, port, supervisor)


class _Server(uvicorn.Server):
    """Uvicorn, which leaves signals to us, and says where it listens."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        for listener in self.servers:
            for bound in listener.sockets:
                address, port = bound.getsockname()[:2]
                shown = f"[{address}]" if ":" in address else address
                say(f"Gristmill serves on http://{shown}:{port} (its API: /api/v1/docs). Ctrl-C ends it.")


async def _serve(app: ASGIApp, host: str, port: int, supervisor: Supervisor) -> None:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()

    def end() -> None:
        # Once more stops at once.
        server.force_exit = server.should_exit
        server.should_exit = True
        supervisor.drain()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        try:
            await server.serve()
        except SystemExit as error:
            # Uvicorn has logged why it cannot start.
            raise BadInputError(f"Nothing can be served on {host}:{port}: is another server there?") from error
        finally:
            supervisor.drain()
